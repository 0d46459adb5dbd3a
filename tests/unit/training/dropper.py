"""A small pair that trains with dropouts: a module, one of whole channels, and a path written by hand."""

from __future__ import annotations

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant

VARIANTS = {
    "sound": "as the reference",
    "missing": "one dropout is not there",
    "rate": "another rate",
    "channels": "elements where the reference drops whole channels",
    "unscaled": "the path keeps without scaling",
}


def draw_inputs(request: InputRequest) -> Arrays:
    """Pictures and what the network shall make of them."""
    shape = (request.batch or 4, 3, *(request.size or (8, 8)))
    image = seeded.tensor(request.seed, f"{request.tag}/image", shape)
    target = seeded.tensor(request.seed, f"{request.tag}/target", (shape[0], 2))
    return {"image": image, "target": target}


PAIR = Pair(
    name="dropper",
    title="A small pair with dropouts",
    variants={name: Variant(name, title) for name, title in VARIANTS.items()},
    reference="tests.unit.training.dropper_torch",
    port="tests.unit.training.dropper_jittor",
    draw_inputs=draw_inputs,
    forward=("image",),
    recipe=Recipe(optimizer="adam", lr=1e-2, batch=4),
)
