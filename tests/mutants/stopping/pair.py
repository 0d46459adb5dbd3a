"""The pair: one variant for each reason to raise."""

from __future__ import annotations

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant

FAULTS = (
    "amounts", "remainder", "no padding", "twice", "turned", "transposed", "larger", "size", "axis",
    "values", "nothing",
)  # fmt: skip


def draw_inputs(request: InputRequest) -> Arrays:
    return {"x": seeded.tensor(request.seed, "x", (2, 3, 8, 12))}


PAIR = Pair(
    name="stopping",
    title="Margins, a smaller map, and both put together",
    variants={fault: Variant(fault, fault, options={"fault": fault}) for fault in FAULTS},
    reference="tests.mutants.stopping.reference",
    port="tests.mutants.stopping.port",
    draw_inputs=draw_inputs,
    forward=("x",),
    recipe=Recipe(optimizer="sgd", lr=0.1),
)
