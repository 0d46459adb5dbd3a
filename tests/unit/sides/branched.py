"""A small pair whose layers share what they are given: branches of one input, a weight that is used twice."""

from __future__ import annotations

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant


def draw_inputs(request: InputRequest) -> Arrays:
    return {"image": seeded.tensor(request.seed, "image", (2, 3, 32, 32))}


PAIR = Pair(
    name="branched",
    title="Two branches of one input, a weight that two calls use, a heavy layer",
    variants={"branched": Variant("branched", "the only one")},
    reference="tests.unit.sides.branched_torch",
    port="tests.unit.sides.branched_jittor",
    draw_inputs=draw_inputs,
    forward=("image",),
    recipe=Recipe(optimizer="sgd", lr=0.1),
)
