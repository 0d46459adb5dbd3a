"""An evaluation in the terminal, as a Markdown table and as CSV."""

from __future__ import annotations

import csv as writing
import io
from dataclasses import astuple, fields

from rich.console import Console
from rich.text import Text

from harness import json_codec
from harness.evaluating.result import Evaluation, MetricRow, SampleRow
from harness.figures import percent, ratio, scientific
from harness.text import printable
from reports.tables import Column, table
from reports.words import count, figure

_STYLES = {"aligned": "green", "diverged": "red", "inconclusive": "yellow", None: ""}
_MOST = 5


def document(found: Evaluation, folder: str) -> dict[str, object]:
    """What --json prints: everything but the samples, of which the worst stand there."""
    plain = json_codec.to_plain(found)
    return {**plain, "samples": plain["samples"][:_MOST], "folder": folder, "exit_code": found.exit_code}


def draw(found: Evaluation, console: Console, folder: str) -> None:
    """Draw the metrics, the worst samples and what cannot be seen from these."""
    console.print(Text(f"{found.verdict}: {printable(found.sentence)}", style=_STYLES[found.verdict]))
    if found.metrics:
        console.print(_metrics(found.metrics, console.width))
    shown = [row for row in found.samples if row.status != "aligned"][:_MOST] or found.samples[:_MOST]
    if shown:
        console.print(_samples(found, shown, console.width))
    for line in notes(found):
        console.print(Text(printable(line), style="dim"), soft_wrap=True)
    console.print(
        Text(printable(f"{count(len(found.samples), 'sample')}; kept in: {folder}")), soft_wrap=True
    )


def _metrics(rows: list[MetricRow], width: int) -> object:
    columns = [
        Column("metric", [row.name for row in rows]),
        Column("torch", [figure(row.reference) for row in rows], number=True),
        Column("jittor", [figure(row.port) for row in rows], number=True),
        Column("off by", [scientific(row.difference) for row in rows], number=True),
        Column("as a share", [scientific(row.relative) for row in rows], number=True),
        Column("why", [row.reason for row in rows], elastic=True),
        Column("verdict", [row.status for row in rows]),
    ]
    return table(width, columns, [_STYLES[row.status] for row in rows])


def _samples(found: Evaluation, rows: list[SampleRow], width: int) -> object:
    columns = [
        Column("worst samples", [row.name for row in rows], elastic=True),
        Column(f"{found.figure}, torch", [_own(found, row.reference) for row in rows], number=True),
        Column("jittor", [_own(found, row.port) for row in rows], number=True),
        Column("outputs off", [scientific(row.error) if row.status else "" for row in rows], number=True),
        Column("of limit", [ratio(row.ratio) if row.status else "" for row in rows], number=True),
        Column("verdict", [row.status or "" for row in rows]),
    ]
    return table(width, columns, [_STYLES[row.status] for row in rows])


def _own(found: Evaluation, value: float) -> str:
    """A sample's own figure; files have none, as there is no truth."""
    return figure(value) if found.figure else ""


def notes(found: Evaluation) -> list[str]:
    """What a reader must know beside the figures."""
    said = [f"{found.figure} of a sample differs on {percent(found.churn)} of them"] if found.churn else []
    said += [f"protocol: {found.protocol}"] if found.protocol else []
    said += [f"broken: {one.name}: {one.why}" for one in found.broken]
    return said


def markdown(found: Evaluation) -> str:
    """The table, ready to paste."""
    what = f"{found.data}, {found.split} split, {count(len(found.samples), 'sample')}"
    lines = [
        f"### Metrics: {found.model} {found.variant}, {what}, {found.device}, {found.date}\n",
        _cells(["metric", "torch", "jittor", "off by", "as a share", "limit", "verdict"]),
        _cells(["---", "---:", "---:", "---:", "---:", "---:", "---"]),
    ]
    for row in found.metrics:
        figures = [
            figure(row.reference),
            figure(row.port),
            scientific(row.difference),
            scientific(row.relative),
        ]
        lines.append(_cells([row.name, *figures, percent(row.limit), row.status]))
    lines += ["", f"- {found.verdict}: {printable(found.sentence)}"]
    lines += [f"- weights of {side}: {printable(name)}" for side, name in found.weights.items()]
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
