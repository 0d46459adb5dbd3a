"""What draws an alignment: the terminal, HTML, Markdown and JUnit. Nothing here runs or judges anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.alignment import Alignment


def write(alignment: Alignment, path: Path, *, replace: bool = False) -> None:
    """Write the report that the ending of `path` names."""
    from harness.errors import BadInput
    from harness.files import write_file
    from reports import html, junit, markdown

    drawers = {
        ".html": html.html,
        ".md": markdown.markdown,
        ".xml": junit.junit,
        ".json": type(alignment).to_json,
    }
    drawer = drawers.get(path.suffix.lower())
    if drawer is None:
        raise BadInput(f"{path}: a report ends in one of {', '.join(drawers)}")
    write_file(path, drawer(alignment), replace=replace)
