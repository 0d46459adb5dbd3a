"""A pair with tied weights and a single number among its parameters; its variants tie otherwise."""

from __future__ import annotations

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant

VARIANTS = {"tied": ("embed", "head"), "turned": ("head", "embed"), "apart": ()}


def draw_inputs(request: InputRequest) -> Arrays:
    return {"tokens": seeded.generator(request.seed, "tokens").integers(0, 7, (2, 5))}


PAIR = Pair(
    name="tied",
    title="An embedding whose weight is the head's",
    variants={name: Variant(name, "", options={"order": order}) for name, order in VARIANTS.items()},
    reference="tests.unit.sides.tied_torch",
    port="tests.unit.sides.tied_jittor",
    draw_inputs=draw_inputs,
    forward=("tokens",),
    recipe=Recipe(optimizer="sgd", lr=0.5),
)
