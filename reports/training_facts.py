"""What every report tells of a training; how it looks is not decided here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.case import REFERENCE
from harness.training.free_run import free_run
from harness.training.log import Training
from harness.training.records import Epoch, SideStep, Step
from harness.training.twins import FACTOR, Judged
from reports.curves import Band, Curve, Mark, Panel, by_name, panel
from reports.summaries import Item
from reports.words import count, seconds

Figures = Sequence[float]
_MOST_NAMES, _MOST_GROUPS = 6, 40
_LARGEST = 2**53  # steps beyond are no training's


def verdict(training: Training) -> str:
    """The result of a training in one sentence."""
    return training.end.verdict if training.end is not None else "inconclusive"


def sentence(training: Training) -> str:
    """The same in words."""
    if training.end is not None:
        return training.end.sentence
    return f"The training has not ended; {count(len(training.steps), 'step')} are known so far."


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


def judged(training: Training) -> list[Judged]:
    """The port's own run against the twins, where there are twins."""
    return free_run(training) if training.twins else []


def panels(training: Training) -> list[Panel]:
    """Every chart that there is something for."""
    shown = steps(training)
    found = [
        _losses(training, shown),
        *map(_gap, judged(training)),
        _rates(training, shown),
        _metrics(training),
    ]
    return [one for one in found if one is not None]


def _losses(training: Training, shown: list[Step]) -> Panel | None:
    names = sides(training)
    curves = [
        Curve(name, [(step.step, list(step.sides.values())[place].loss) for step in shown], style)
        for place, (name, style) in enumerate(zip(names, ("reference", "port"), strict=True))
    ]
    by_step: dict[int, list[float]] = {}
    for twin in training.twins:
        if twin.side == REFERENCE:
            by_step.setdefault(twin.step, []).append(twin.loss)
    area = [(step, min(by_step[step]), max(by_step[step])) for step in sorted(by_step)]
    bands = [Band("twins of the reference", area)] if area else []
    return panel("Loss", curves, bands, _events(training))


def _gap(found: Judged) -> Panel | None:
    title = {"loss": "Gap in the loss", "weights": "Distance of the weights"}.get(found.what, found.what)
    at = [float(step) for step in found.steps]
    curves = [Curve("port", list(zip(at, found.gap.tolist(), strict=True)), "port")]
    bands = []
    if np.isfinite(found.band).any():
        low = min((value for value in [*found.gap, *found.band] if value > 0), default=1e-12)
        bands = [
            Band("twins", [(step, low, high) for step, high in zip(at, found.band.tolist(), strict=True)])
        ]
        limit = list(zip(at, found.limit.tolist(), strict=True))
        curves.append(Curve(f"limit, {FACTOR:g} times the twins", limit, "limit"))
    marks = []
    if found.horizon is not None:
        marks.append(Mark(found.horizon, "horizon: beyond it nothing is said", "horizon"))
    if found.outside is not None:
        marks.append(Mark(found.outside, f"outside from step {found.outside}", "outside"))
    return panel(title, curves, bands, marks, found.sentence, logarithmic=True)


def _rates(training: Training, shown: list[Step]) -> Panel | None:
    curves, more = by_name(((step.step, _reference(step).rates) for step in shown), _MOST_NAMES)
    drawn = [Curve(name, points, f"series-{place}") for place, (name, points) in enumerate(curves.items())]
    note = f"and {count(more, 'more group')}" if more else ""
    return panel("Rates", drawn, (), _events(training), note)


def _reference(step: Step) -> SideStep:
    return next(iter(step.sides.values()))


def _metrics(training: Training) -> Panel | None:
    """The metric that counts, the first one, of both sides."""
    first = next((name for epoch in training.epochs for name in _names(epoch)), None)
    if first is None:
        return None
    curves = [
        Curve(
            side,
            [
                (epoch.step, epoch.metrics[side][first])
                for epoch in training.epochs
                if first in epoch.metrics.get(side, {})
            ],
            style,
        )
        for side, style in zip(sides(training), ("reference", "port"), strict=True)
    ]
    return panel(f"{first} on the validation split", curves, note="over the steps so far", logarithmic=False)


def _names(epoch: Epoch) -> list[str]:
    return [name for figures in epoch.metrics.values() for name in figures]


def _events(training: Training) -> list[Mark]:
    return [Mark(event.step, event.name, "event") for event in training.start.events[:_MOST_NAMES]]


def metric_rows(training: Training) -> tuple[list[str], list[tuple[Epoch, list[tuple[Any, Any]]]]]:
    """The names of the metrics, and for each epoch their figures on both sides."""
    names = list(dict.fromkeys(name for epoch in training.epochs for name in _names(epoch)))[:_MOST_NAMES]
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
                parts.append(f"{side} {value:.4g} (epoch {at + 1})")
        items.append(Item(f"largest {name}", ", ".join(parts)))
    return items


def facts(training: Training) -> list[Item]:
    """What was trained, on what, how."""
    start = training.start
    case = {key: value for key, value in start.case.items() if key != "request"}
    tables = [("case", case), ("recipe", start.recipe), ("data", start.data)]
    items = [
        Item(f"{name}: {key}".replace("_", " "), str(value))
        for name, table in tables
        for key, value in table.items()
        if value not in (None, "", [])
    ]
    items += [
        Item(f"group {name}", count(len(members), "parameter")) for name, members in start.groups.items()
    ]
    items += [Item("not exact", note) for note in start.notes]
    items += [Item("resumed", f"after {count(one.step, 'step')}") for one in training.resumed]
    return items


def costs(training: Training) -> list[Item]:
    """What it took."""
    if training.end is None:
        return []
    return [
        Item(name, seconds(value) if isinstance(value, (int, float)) else str(value))
        for name, value in training.end.costs.items()
    ]
