"""A pair whose losses compare scores with labels and maps with maps."""

from __future__ import annotations

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant


def draw_inputs(request: InputRequest) -> Arrays:
    numbers = seeded.generator(request.seed, "tokens")
    return {
        "tokens": numbers.integers(0, 7, (3, 4)),
        "labels": numbers.integers(0, 5, (3, 4)),
        "wanted": numbers.random((3, 4, 5)).astype("float32") + 0.1,
    }


PAIR = Pair(
    name="compared",
    title="An embedding, with several losses",
    variants={"compared": Variant("compared", "the only one")},
    reference="tests.unit.sides.compared_torch",
    port="tests.unit.sides.compared_torch",
    draw_inputs=draw_inputs,
    forward=("tokens",),
    recipe=Recipe(optimizer="sgd", lr=0.5),
)
