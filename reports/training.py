"""A training in the terminal, in few lines, and as a document for machines."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness import json_codec
from harness.errors import ALIGNED, DIVERGED, INCONCLUSIVE, WORKER_LOST
from harness.figures import ratio
from harness.language import tr
from harness.text import printable
from harness.training.log import Training
from harness.training.records import Forced
from reports import training_sentences as sentences
from reports.tables import Column, table
from reports.training_facts import best, costs, judged, metric_rows, sides, verdict
from reports.words import count, figure

_CODES = {"aligned": ALIGNED, "diverged": DIVERGED, "inconclusive": INCONCLUSIVE, "failed": WORKER_LOST}
_STYLES = {"aligned": "green", "diverged": "red", "inconclusive": "yellow", "failed": "red"}
_MOST = 3


def exit_code(training: Training) -> int:
    """The exit code of that."""
    return _CODES[verdict(training)]


def document(training: Training) -> dict[str, object]:
    """What --json prints: how it ended, its forced steps and findings; the log holds the rest."""
    end = json_codec.to_plain(training.end) if training.end is not None else None
    return {
        "log": str(training.path),
        "verdict": verdict(training),
        "end": end,
        "steps": len(training.steps),
        "forced": [json_codec.to_plain(one) for one in training.forced],
        "free_run": [
            {
                "what": one.what,
                "status": one.status,
                "horizon": one.horizon,
                "outside": one.outside,
                "sentence": one.sentence,
            }
            for one in judged(training)
        ],
        "epochs": [json_codec.to_plain(one) for one in training.epochs],
        "findings": [json_codec.to_plain(one) for one in training.findings],
        "exit_code": exit_code(training),
    }


def draw(training: Training, console: Console, folder: str = "") -> None:
    """Draw the summary."""
    found = verdict(training)
    console.print(Text(f"{tr(found)}: {printable(sentences.sentence(training))}", style=_STYLES[found]))
    if training.steps:
        last = training.steps[-1]
        losses = ", ".join(f"{side} {one.loss:.6g}" for side, one in last.sides.items())
        console.print(Text(tr("loss after {}: {}").format(count(last.step + 1, "step"), losses)))
    _metrics(training, console)
    for one in [] if training.end is not None else judged(training):  # what has ended says so itself
        style = {"suspect": "red", "inconclusive": "yellow"}.get(one.status, "")
        console.print(Text(printable(sentences.free(one)), style=style))
    for finding in training.findings[:_MOST]:
        said = tr("step {}, {}: {}").format(finding.step, finding.address, sentences.finding(finding))
        console.print(Text(printable(said), style="red"))
    _forced(training.forced, console)
    if training.end is not None:
        words = ", ".join(f"{item.name} {item.text}" for item in costs(training))
        console.print(Text(printable(words), style="dim"))
    if folder:
        console.print(Text(f"{tr('kept in')}: {folder}"), soft_wrap=True)


def _metrics(training: Training, console: Console) -> None:
    """The last epoch's metrics, and the largest of all epochs of the one that counts."""
    names, rows = metric_rows(training)
    if not rows or not names:
        return
    epoch, figures = rows[-1]
    both = tr("{} and {}")
    words = [
        f"{name} {both.format(figure(one), figure(other))}"
        for name, (one, other) in zip(names, figures, strict=True)
    ]
    said = tr("after epoch {}, {}: {}")
    told = said.format(epoch.epoch + 1, both.format(*sides(training)), ", ".join(words))
    console.print(Text(printable(told)))
    for item in best(training)[:1]:
        of_all = tr("{} of all epochs: {}").format(item.name, item.text)
        console.print(Text(printable(of_all), style="dim"))


def _forced(forced: list[Forced], console: Console) -> None:
    wrong = [one for one in forced if one.verdict != "aligned"]
    shown = (wrong or forced)[:_MOST]
    if not shown:
        return
    worst = [one.rows[0] if one.rows else None for one in shown]
    columns = [
        Column(tr("forced step"), [str(one.step) for one in shown], number=True),
        Column(tr("event"), [one.event for one in shown]),
        Column(tr("verdict"), [tr(one.verdict) for one in shown]),
        Column(tr("worst"), ["" if row is None else row.address for row in worst], elastic=True),
        Column(tr("of limit"), ["" if row is None else ratio(row.ratio) for row in worst], number=True),
    ]
    console.print(table(console.width, columns, [_STYLES[one.verdict] for one in shown]))
    more = len(wrong or forced) - len(shown)
    if more > 0:
        console.print(Text("  " + tr("and {} more").format(more), style="dim"))
    for one in wrong[:1]:
        if why := sentences.why(one):
            console.print(Text(printable(why), style=_STYLES[one.verdict]))
