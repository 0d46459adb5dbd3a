"""A small transformer: words and places embedded, attention under a mask, the head tied to the words."""

from __future__ import annotations

import numpy as np

from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant
from harness.seeded import generator


def draw_inputs(request: InputRequest) -> Arrays:
    rng = generator(request.seed, f"{request.tag}/tokens")
    batch = request.batch or 3
    tokens, wanted = rng.integers(1, 40, (batch, 10)), rng.integers(1, 40, (batch, 10))
    for row in range(1, batch):
        tokens[row, 10 - row :] = wanted[row, 10 - row :] = 0
    return {"tokens": tokens.astype(np.int64), "wanted": wanted.astype(np.int64)}


PAIR = Pair(
    name="translator",
    title="A transformer with a causal mask, padding, and a head tied to its embedding",
    variants={"small": Variant("small", "2 layers of 24 channels and 4 heads")},
    reference="tests.mutants.blind.small.translator_torch",
    port="tests.mutants.blind.small.translator_jittor",
    draw_inputs=draw_inputs,
    forward=("tokens",),
    recipe=Recipe(optimizer="adamw", lr=1e-3),
)
