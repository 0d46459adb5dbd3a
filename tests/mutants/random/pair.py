"""The pair: one variant for each model, and for each fault in one."""

from __future__ import annotations

from dataclasses import replace

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant

NAMES = (
    "encoder",
    "encoder relu",
    "encoder scaled",
    "encoder eps",
    "recurrent",
    "functional",
    "functional scale",
    "drawing",
    "noise",
    "noise spread",
    "hidden",
    "seeded",
    "wide narrow",
)


def draw_inputs(request: InputRequest) -> Arrays:
    return {"x": seeded.tensor(request.seed, "x", (3, 5, 16))}


def _variant(name: str) -> Variant:
    model, _, fault = name.partition(" ")
    return Variant(name, f"{model} {fault or 'as it is'}", options={"model": model, "fault": fault})


PAIR = Pair(
    name="random",
    title="Models that drop or draw at random",
    variants={name: _variant(name) for name in NAMES},
    reference="tests.mutants.random.reference",
    port="tests.mutants.random.port",
    draw_inputs=draw_inputs,
    forward=("x",),
    recipe=Recipe(optimizer="sgd", lr=0.1),
)
IN_JITTOR = replace(PAIR, port="tests.mutants.random.jittor_port")
