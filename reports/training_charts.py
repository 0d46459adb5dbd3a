"""The charts of a training: loss, the gap beside the twins' band, rates, the metric that counts."""

from __future__ import annotations

import numpy as np

from harness.case import REFERENCE
from harness.language import tr
from harness.training.log import Training
from harness.training.records import SideStep, Step
from harness.training.twins import FACTOR, JudgedGap
from reports import training_sentences as sentences
from reports.curves import Band, Chart, Curve, Mark, by_name, chart
from reports.training_facts import MOST_NAMES, judged, names_of, sides, steps
from reports.words import count


def charts(training: Training) -> list[Chart]:
    """Every chart that there is something for."""
    shown = steps(training)
    found = [
        _losses(training, shown),
        *map(_gap, judged(training)),
        _metrics(training),
        _rates(training, shown),
    ]
    return [one for one in found if one is not None]


def _losses(training: Training, shown: list[Step]) -> Chart | None:
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
    bands = [Band(tr("twins of the reference"), area)] if area else []
    return chart(tr("Loss"), curves, bands, _events(training))


def _gap(found: JudgedGap) -> Chart | None:
    titles = {"loss": tr("Gap in the loss"), "weights": tr("Distance of the weights")}
    at = [float(step) for step in found.steps]
    curves = [Curve(tr("port"), list(zip(at, found.gap.tolist(), strict=True)), "port")]
    bands = []
    if np.isfinite(found.band).any():
        low = min((value for value in [*found.gap, *found.band] if value > 0), default=1e-12)
        area = [(step, low, high) for step, high in zip(at, found.band.tolist(), strict=True)]
        bands = [Band(tr("twins"), area)]
        limit = list(zip(at, found.limit.tolist(), strict=True))
        curves.append(Curve(tr("limit, {:g} times the twins").format(FACTOR), limit, "limit"))
    marks = []
    if found.horizon is not None:
        marks.append(Mark(found.horizon, tr("horizon: beyond it nothing is said"), "horizon"))
    if found.outside is not None:
        marks.append(Mark(found.outside, tr("outside from step {}").format(found.outside), "outside"))
    title = titles.get(found.what, found.what)
    return chart(title, curves, bands, marks, sentences.free(found), logarithmic=True)


def _rates(training: Training, shown: list[Step]) -> Chart | None:
    curves, more = by_name(((step.step, _reference(step).rates) for step in shown), MOST_NAMES)
    drawn = [Curve(name, points, f"series-{place}") for place, (name, points) in enumerate(curves.items())]
    note = tr("And {} more.").format(count(more, "group")) if more else ""
    return chart(tr("Rates"), drawn, (), _events(training), note)


def _reference(step: Step) -> SideStep:
    return next(iter(step.sides.values()))


def _metrics(training: Training) -> Chart | None:
    """The metric that counts, the first one, of both sides."""
    first = next((name for epoch in training.epochs for name in names_of(epoch)), None)
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
    return chart(tr("{} on the validation split").format(first), curves, logarithmic=False)


def _events(training: Training) -> list[Mark]:
    return [Mark(event.step, event.name, "event") for event in training.start.events[:MOST_NAMES]]
