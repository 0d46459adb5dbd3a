"""The metrics of both sides beside each other, each judged by the limit and by what the data can resolve."""

from __future__ import annotations

import math

from harness.evaluating.result import MetricRow, Status
from harness.figures import percent, scientific

Figures = dict[str, float]
_ROUNDED = 1 + 1e-9


def metric_rows(
    reference: Figures, port: Figures, steps: Figures, limit: float, *, own_weights: bool
) -> list[MetricRow]:
    """A row for each metric that either side has; `own_weights` says that the sides have each their own."""
    names = list(dict.fromkeys([*reference, *port]))
    return [
        _row(
            name,
            reference.get(name, math.nan),
            port.get(name, math.nan),
            steps.get(name, 0.0),
            limit,
            own_weights,
        )
        for name in names
    ]


def _row(name: str, one: float, other: float, step: float, limit: float, own_weights: bool) -> MetricRow:
    apart = 0.0 if one == other else other - one
    relative = abs(apart) / abs(one) if one else (0.0 if not apart else math.inf)
    status, reason = _judged(one, other, abs(apart), relative, step, limit, own_weights)
    return MetricRow(name, one, other, apart, relative, step, limit, status, reason)


def _judged(
    one: float, other: float, apart: float, relative: float, step: float, limit: float, own_weights: bool
) -> tuple[Status, str]:
    if not (math.isfinite(one) and math.isfinite(other)):
        if math.isfinite(one) != math.isfinite(other):
            return "diverged", f"the reference has {one:g}, the port {other:g}"
        return "inconclusive", f"{one:g} on the reference and {other:g} on the port show nothing"
    few, one_step = step > limit * abs(one), apart <= step * _ROUNDED
    if own_weights and few and one_step:
        return "inconclusive", (
            f"the data resolve {scientific(step)}, which is more than the limit of {percent(limit)}: "
            "evaluate more samples"
        )
    if one_step:
        return (
            "aligned",
            "equal" if not apart else f"no more than the {scientific(step)} that the data resolve",
        )
    if relative <= limit:
        return "aligned", f"{scientific(relative)} is within {percent(limit)}"
    if math.isinf(relative):
        return "diverged", f"the reference has 0, the port {scientific(other)}"
    return "diverged", f"{scientific(relative)} is more than {percent(limit)}"
