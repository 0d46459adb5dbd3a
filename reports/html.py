"""An alignment as one HTML file that needs nothing else: no network, no server.

Every value that a template shows is made printable and escaped, whether or not the template thinks of it.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from harness import figures
from harness.alignment import Alignment
from harness.text import printable, printable_lines
from reports import summaries, words
from reports.chart import chart

_TEMPLATES = Path(__file__).parent / "templates"
_FILTERS = (figures.scientific, figures.ratio, words.size, words.count, words.figure)


def html(alignment: Alignment) -> str:
    """The report."""
    script = template_text("report.js")
    digest = base64.b64encode(hashlib.sha256(f"\n{script}".encode()).digest()).decode()
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            alignment=alignment,
            summaries=summaries,
            chart=chart(alignment),
            diverged=summaries.diverged(alignment),
            first=summaries.row_at(alignment, alignment.first),
            worst=summaries.row_at(alignment, alignment.worst),
            style=template_text("report.css"),
            script=script,
            digest=digest,
        )
    )


def template_text(name: str) -> str:
    """The text of a file beside the templates."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """The templates, with what shows values in them."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({function.__name__: function for function in _FILTERS}, lines=_lines)
    return environment


def _shown(value: object) -> object:
    """A value as the page shows it: one line. What is markup already is the templates' own."""
    return value if isinstance(value, Markup | int | float) else printable(value)


def _lines(text: str) -> Markup:
    """A text of several lines, where the page keeps them."""
    return escape(printable_lines(text))
