"""A small tagger: an embedding, an LSTM, a cell of its own that runs in a loop, and a head."""

from __future__ import annotations

import numpy as np

from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant
from harness.seeded import generator


def draw_inputs(request: InputRequest) -> Arrays:
    rng = generator(request.seed, f"{request.tag}/tokens")
    batch = request.batch or 4
    length = np.array([7, 5, 6, 3] * batch)[:batch]
    return {
        "tokens": rng.integers(0, 30, (batch, 7)),
        "length": length,
        "tags": rng.integers(0, 5, (batch, 7)),
        "weight": np.array([0.5, 1.0, 2.0, 1.5, 1.0], np.float32),
    }


PAIR = Pair(
    name="tagger",
    title="A tagger with an LSTM and a gated cell in a loop",
    variants={"small": Variant("small", "12 channels")},
    reference="tests.mutants.blind.small.tagger_torch",
    port="tests.mutants.blind.small.tagger_jittor",
    draw_inputs=draw_inputs,
    forward=("tokens", "length"),
    recipe=Recipe(optimizer="adam", lr=1e-3),
)
