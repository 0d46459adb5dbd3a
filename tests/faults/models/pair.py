"""The pair of breaking models."""

from __future__ import annotations

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant

NAMES = (
    "sound",
    "killed",
    "killed, in float64",
    "crashes",
    "exits",
    "hangs",
    "raises",
    "raises, port hangs",
    "raises at length",
    "raises the unspeakable",
    "forks",
    "forks and dies",
    "real-time signal",
    "hungry",
    "prints",
    "port killed",
    "port raises",
    "port pools",
    "port adds",
    "other shape",
)


def draw_inputs(request: InputRequest) -> Arrays:
    return {"image": seeded.tensor(request.seed, "image", (1, 1, *(request.size or (16, 16))))}


PAIR = Pair(
    name="breaking",
    title="Models that break",
    variants={name: Variant(name, name) for name in NAMES},
    reference="tests.faults.models.torch_models",
    port="tests.faults.models.jittor_models",
    draw_inputs=draw_inputs,
    forward=("image",),
    recipe=Recipe(optimizer="sgd", lr=0.1),
)
