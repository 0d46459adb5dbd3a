"""A small pair with a norm, dropout and operations between its modules."""

from __future__ import annotations

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant


def draw_inputs(request: InputRequest) -> Arrays:
    return {"image": seeded.tensor(request.seed, "image", (2, 3, 8, 8))}


PAIR = Pair(
    name="small",
    title="A convolution, a norm, dropout, a head",
    variants={"small": Variant("small", "the only one")},
    reference="tests.unit.sides.small_torch",
    port="tests.unit.sides.small_jittor",
    draw_inputs=draw_inputs,
    forward=("image",),
    recipe=Recipe(optimizer="sgd", lr=0.1),
)
