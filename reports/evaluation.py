"""An evaluation in the terminal, as a Markdown table and as CSV."""

from __future__ import annotations

import csv as writing
import io
from dataclasses import astuple, fields

from rich.console import Console
from rich.text import Text

from harness import json_codec
from harness.case import SIDES
from harness.evaluating.result import Evaluation, MetricRow, SampleRow
from harness.figures import percent, ratio, scientific
from harness.language import tr
from harness.text import printable
from reports.evaluation_facts import metric_reason, sentence
from reports.tables import Column, table
from reports.words import count, figure

_STYLES = {"aligned": "green", "diverged": "red", "inconclusive": "yellow", None: ""}
_MOST = 5
MANY = 50
"""So many samples are shown where someone asks for them; a glob shows all that it matches."""


def document(found: Evaluation, folder: str, most: int = _MOST) -> dict[str, object]:
    """What --json prints: everything but the samples, of which the worst stand there."""
    plain = json_codec.to_plain(found)
    return {**plain, "samples": plain["samples"][:most], "folder": folder, "exit_code": found.exit_code}


def draw(found: Evaluation, console: Console, folder: str, most: int = _MOST) -> None:
    """Draw the metrics, at most so many of the worst samples and what cannot be seen from these."""
    console.print(Text(f"{tr(found.verdict)}: {printable(sentence(found))}", style=_STYLES[found.verdict]))
    if found.metrics:
        console.print(_metrics(found.metrics, console.width))
    wrong = [row for row in found.samples if row.status != "aligned"] if most == _MOST else []
    draw_samples(found, (wrong or found.samples)[:most], console)
    for line in notes(found):
        console.print(Text(printable(line), style="dim"), soft_wrap=True)
    kept = f"{count(len(found.samples), 'sample')}; {tr('kept in')}: {folder}"
    console.print(Text(printable(kept)), soft_wrap=True)


def draw_samples(found: Evaluation, rows: list[SampleRow], console: Console) -> None:
    """Draw some samples in their order."""
    if rows:
        console.print(_samples(found, rows, console.width))


def _metrics(rows: list[MetricRow], width: int) -> object:
    columns = [
        Column(tr("metric"), [row.name for row in rows]),
        Column("torch", [figure(row.reference) for row in rows], number=True),
        Column("jittor", [figure(row.port) for row in rows], number=True),
        Column(tr("off by"), [scientific(row.difference) for row in rows], number=True),
        Column(tr("as a share"), [scientific(row.relative) for row in rows], number=True),
        Column(tr("why"), [metric_reason(row) for row in rows], elastic=True),
        Column(tr("verdict"), [tr(row.status) for row in rows]),
    ]
    return table(width, columns, [_STYLES[row.status] for row in rows])


def _samples(found: Evaluation, rows: list[SampleRow], width: int) -> object:
    columns = [
        Column(tr("worst samples"), [row.name for row in rows], elastic=True),
        Column(
            tr("{}, torch").format(found.figure), [_own(found, row.reference) for row in rows], number=True
        ),
        Column("jittor", [_own(found, row.port) for row in rows], number=True),
        Column(tr("outputs off"), [scientific(row.error) if row.status else "" for row in rows], number=True),
        Column(tr("of limit"), [ratio(row.ratio) if row.status else "" for row in rows], number=True),
        Column(tr("verdict"), [tr(row.status or "") for row in rows]),
    ]
    return table(width, columns, [_STYLES[row.status] for row in rows])


def _own(found: Evaluation, value: float) -> str:
    """A sample's own figure; files have none, as there is no truth."""
    return figure(value) if found.figure else ""


def notes(found: Evaluation) -> list[str]:
    """What a reader must know beside the figures."""
    churn = tr("{} of a sample differs on {} of them")
    said = [churn.format(found.figure, percent(found.churn))] if found.churn else []
    said += [tr("protocol: {}").format(found.protocol)] if found.protocol else []
    said += [tr("broken: {}: {}").format(one.name, one.why) for one in found.broken]
    return said


def subject(found: Evaluation) -> str:
    """What was evaluated, in a line."""
    what = tr("{}, {} split, {}").format(found.data, found.split, count(len(found.samples), "sample"))
    return f"{found.model} {found.variant}, {what}, {found.device}, {found.date}"


def markdown(found: Evaluation) -> str:
    """The table, ready to paste."""
    lines = [
        f"### {tr('Metrics')}: {printable(subject(found))}\n",
        _cells([tr("metric"), *SIDES, tr("off by"), tr("as a share"), tr("limit"), tr("verdict")]),
        _cells(["---", "---:", "---:", "---:", "---:", "---:", "---"]),
    ]
    for row in found.metrics:
        figures = [
            figure(row.reference),
            figure(row.port),
            scientific(row.difference),
            scientific(row.relative),
        ]
        lines.append(_cells([row.name, *figures, percent(row.limit), tr(row.status)]))
    lines += ["", f"- {tr(found.verdict)}: {printable(sentence(found))}"]
    weights = tr("weights of {}")
    lines += [f"- {weights.format(side)}: {printable(name)}" for side, name in found.weights.items()]
    lines += [f"- {printable(line)}" for line in notes(found)]
    return "\n".join([*lines, ""])


def _cells(cells: list[str]) -> str:
    return "| " + " | ".join(printable(cell).replace("|", "\\|") for cell in cells) + " |"


def csv(found: Evaluation) -> str:
    """One line a sample, the worst first."""
    text = io.StringIO()
    writer = writing.writer(text, lineterminator="\n")
    writer.writerow([item.name for item in fields(SampleRow)])
    writer.writerows([printable(str(cell)) for cell in astuple(row)] for row in found.samples)
    return text.getvalue()
