"""A small detector: two levels, boxes decoded from anchors, and a loss of three parts."""

from __future__ import annotations

import numpy as np

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant

CELLS = 2 * (8 * 8 + 4 * 4)


def draw_inputs(request: InputRequest) -> Arrays:
    batch = request.batch or 2
    rng = seeded.generator(request.seed, f"{request.tag}/objects")
    corner = rng.uniform(0, 20, (batch, CELLS, 2))
    return {
        "image": seeded.tensor(request.seed, f"{request.tag}/image", (batch, 3, 32, 32)),
        "there": (rng.random((batch, CELLS)) < 0.1).astype(np.float32),
        "boxes": np.concatenate([corner, corner + rng.uniform(4, 12, corner.shape)], 2).astype(np.float32),
        "label": rng.integers(0, 4, (batch, CELLS)),
    }


PAIR = Pair(
    name="spotter",
    title="A detector of two levels with anchors",
    variants={"small": Variant("small", "16 channels, 4 classes, 2 anchors a cell")},
    reference="tests.mutants.blind.small.spotter_torch",
    port="tests.mutants.blind.small.spotter_jittor",
    draw_inputs=draw_inputs,
    forward=("image",),
    recipe=Recipe(optimizer="sgd", lr=0.01),
)
