"""An evaluation as an HTML page: metrics, the worst samples first, and the pictures beside it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from harness.evaluating.picture_files import FOLDER, PANELS, file_name
from harness.evaluating.result import Evaluation, SampleRow
from harness.language import chosen
from reports.evaluation import notes, subject
from reports.html import content_policy, environment, page_style
from reports.summaries import SYMBOLS

MOST_ROWS = 500


@dataclass(frozen=True)
class PicturedSample:
    """A sample that has pictures: its row, and for each panel the way to its file."""

    row: SampleRow
    panels: dict[str, str]


def html(found: Evaluation, folder: Path, output: Path) -> str:
    """The page; it shows the pictures in the run's folder, by their way from where the page is written."""
    style = page_style("report.css", "evaluation.css")
    return (
        environment()
        .get_template("evaluation.html.j2")
        .render(
            found=found,
            subject=subject(found),
            notes=notes(found),
            drawn=drawn(found, folder, output),
            symbols=SYMBOLS,
            most=MOST_ROWS,
            style=style,
            policy=content_policy([style], [], pictures=True),
            language=chosen(),
        )
    )


def drawn(found: Evaluation, folder: Path, output: Path) -> list[PicturedSample]:
    """The samples whose pictures lie in the folder, the worst first."""
    place = folder / FOLDER
    shown = []
    for row in found.samples:
        files = {name: place / file_name(row.index, name) for name in PANELS}
        there = {name: _way(path, output) for name, path in files.items() if path.is_file()}
        if there:
            shown.append(PicturedSample(row, there))
    return shown


def _way(path: Path, output: Path) -> str:
    way = Path(os.path.relpath(path.resolve(), output.parent.resolve()))
    return quote(way.as_posix(), errors="replace")
