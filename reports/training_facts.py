"""What every report tells of a training; how it looks is not decided here."""

from __future__ import annotations

from typing import Any

from harness.case import REFERENCE
from harness.language import tr
from harness.training.free_run import free_run
from harness.training.log import Training
from harness.training.records import Epoch, Step
from harness.training.twins import JudgedGap
from reports.summaries import Item
from reports.words import count, seconds

MOST_NAMES = 6
_LARGEST = 2**53  # steps beyond are no training's


def verdict(training: Training) -> str:
    """The result of a training in one sentence."""
    return training.end.verdict if training.end is not None else "inconclusive"


def sides(training: Training) -> tuple[str, str]:
    """What the reference and the port are called."""
    if training.steps:
        reference, port = training.steps[0].sides
        return reference, port
    names = [*training.start.sides, REFERENCE, "port"]
    return names[0], names[1]


def steps(training: Training) -> list[Step]:
    """The steps in order, each once."""
    found = {step.step: step for step in training.steps if 0 <= step.step < _LARGEST}
    return [found[number] for number in sorted(found)]


def judged(training: Training) -> list[JudgedGap]:
    """The port's own run against the twins, where there are twins."""
    return free_run(training) if training.twins else []


def names_of(epoch: Epoch) -> list[str]:
    """The metrics of an epoch, of both sides."""
    return [name for figures in epoch.metrics.values() for name in figures]


def metric_rows(training: Training) -> tuple[list[str], list[tuple[Epoch, list[tuple[Any, Any]]]]]:
    """The names of the metrics, and for each epoch their figures on both sides."""
    names = list(dict.fromkeys(name for epoch in training.epochs for name in names_of(epoch)))[:MOST_NAMES]
    reference, port = sides(training)
    rows = []
    for epoch in training.epochs:
        one, other = (epoch.metrics.get(side, {}) for side in (reference, port))
        rows.append((epoch, [(one.get(name), other.get(name)) for name in names]))
    return names, rows


def best(training: Training) -> list[Item]:
    """The best figure of each metric over the epochs: each from an epoch of its own, which no model has."""
    names, rows = metric_rows(training)
    items = []
    for place, name in enumerate(names):
        parts = []
        for side, which in zip(sides(training), (0, 1), strict=True):
            figures = [
                (pairs[place][which], epoch.epoch) for epoch, pairs in rows if pairs[place][which] is not None
            ]
            if figures:
                value, at = max(figures)
                parts.append(tr("{} {:.4g} (epoch {})").format(side, value, at + 1))
        items.append(Item(tr("largest {}").format(name), ", ".join(parts)))
    return items


def facts(training: Training) -> list[Item]:
    """What was trained, on what, how."""
    start = training.start
    case = {key: value for key, value in start.case.items() if key != "request"}
    tables = [("case", case), ("recipe", start.recipe), ("data", start.data)]
    items = [
        Item(f"{tr(name)}: {tr(key.replace('_', ' '))}", _in_words(value))
        for name, table in tables
        for key, value in table.items()
        if value not in (None, "", [])
    ]
    items += [
        Item(tr("group {}").format(name), count(len(members), "parameter"))
        for name, members in start.groups.items()
    ]
    items += [Item(tr("not exact"), note) for note in start.notes]
    resumed = tr("after {}")
    items += [Item(tr("resumed"), resumed.format(count(one.step, "step"))) for one in training.resumed]
    return items


def _in_words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def costs(training: Training) -> list[Item]:
    """What it took."""
    if training.end is None:
        return []
    return [
        Item(tr(name), seconds(value) if isinstance(value, (int, float)) else str(value))
        for name, value in training.end.costs.items()
    ]
