"""The charts of an alignment: which rows are drawn by depth, forward, backward and of parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.comparing import in_order_of_computation, kind_of
from harness.figures import scientific
from harness.language import tr
from reports import summaries
from reports.columns import steps


@dataclass(frozen=True)
class ByDepth:
    """One chart: the rows that it shows, in the order of computation, and in words what it shows."""

    name: str
    rows: list[Row]
    text: str


def by_depth(alignment: Alignment) -> list[ByDepth]:
    """The charts for which there is something."""
    rows = [row for row in in_order_of_computation(alignment.rows) if row.measured is not None]
    groups = {
        tr("Forward"): [row for row in rows if addresses.is_result(row.address)],
        tr("Backward"): [row for row in rows if addresses.is_layer_gradient(row.address)],
        tr("Parameters"): [row for row in rows if kind_of(row.address) == "grad"],
    }
    return [ByDepth(name, group, _words(group)) for name, group in groups.items() if group]


def as_data(charts: Sequence[ByDepth], places: Mapping[str, int]) -> list[list[object]]:
    """The charts for the script: name, steps between the places of the rows, words."""
    return [
        [chart.name, steps([places[row.address] for row in chart.rows if row.address in places]), chart.text]
        for chart in charts
    ]


def _words(rows: Sequence[Row]) -> str:
    errors = [error for row in rows if (error := summaries.error(row)) is not None]
    worst = max(rows, key=lambda row: summaries.error(row) or 0.0)
    exact, infinite = (
        sum(map(test, errors)) for test in (lambda error: error == 0, lambda error: not math.isfinite(error))
    )
    said = [
        tr("Relative error of {} tensors in the order of computation: largest {} at {}.").format(
            len(rows), scientific(summaries.error(worst)), worst.address
        )
    ]
    if exact:
        said.append(tr("Not drawn, because equal: {}.").format(exact))
    if infinite:
        said.append(tr("Not drawn, because not finite: {}.").format(infinite))
    return " ".join(said)
