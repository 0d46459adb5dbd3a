"""An evaluation as an HTML page: metrics, the worst samples first, and the pictures beside it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from harness.evaluating.picture_files import FOLDER, NOISE, PANELS, WHITE, file_name
from harness.evaluating.result import Evaluation, SampleRow
from harness.language import chosen, tr
from reports import evaluation_facts as facts
from reports.curves import as_data
from reports.evaluation import notes, subject
from reports.html import content_policy, environment, library, page_script, page_style
from reports.summaries import SYMBOLS

MOST_ROWS = 500
_SCRIPTS = ("elements", "plots", "curves", "viewer")


@dataclass(frozen=True)
class PicturedSample:
    """A sample that has pictures: its row, and for each panel the way to its file."""

    row: SampleRow
    panels: dict[str, str]


def html(found: Evaluation, folder: Path, output: Path) -> str:
    """The page; it shows the pictures in the run's folder, by their way from where the page is written."""
    style = page_style("report.css", "training.css", "evaluation.css")
    script, charting, curves = page_script(*_SCRIPTS), library(), facts.charts(found)
    pictured = drawn(found, folder, output)
    return (
        environment()
        .get_template("evaluation.html.j2")
        .render(
            found=found,
            facts=facts,
            subject=subject(found),
            notes=notes(found),
            drawn=pictured,
            has_noise=any(NOISE in one.panels for one in pictured),
            white=WHITE,
            charts=curves,
            symbols=SYMBOLS,
            most=MOST_ROWS,
            data={
                "charts": list(map(as_data, curves)),
                "words": {word: tr(word) for word in ("sample", "share of torch")},
            },
            style=style,
            library=charting,
            script=script,
            policy=content_policy([style], [charting, script], pictures=True),
            language=chosen(),
        )
    )


def drawn(found: Evaluation, folder: Path, output: Path) -> list[PicturedSample]:
    """The samples whose pictures lie in the folder, the worst first; none of a link that leads out of it."""
    within = (folder / FOLDER).resolve()
    shown: list[PicturedSample] = []
    if not within.is_relative_to(folder.resolve()):
        return shown
    for row in found.samples:
        files = {name: (within / file_name(row.index, name)).resolve() for name in (*PANELS, NOISE)}
        there = {
            name: _way(path, output)
            for name, path in files.items()
            if path.is_relative_to(within) and path.is_file()
        }
        if there:
            shown.append(PicturedSample(row, there))
    return shown


def _way(path: Path, output: Path) -> str:
    way = Path(os.path.relpath(path, output.parent.resolve()))
    return quote(way.as_posix(), errors="replace")
