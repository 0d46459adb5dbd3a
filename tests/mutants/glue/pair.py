"""The pair: the model as it is, and one variant for each fault between its layers."""

from __future__ import annotations

from dataclasses import replace

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant

FAULTS = ("", "other order", "chunk", "input of a container", "index", "weight", "cast")


def draw_inputs(request: InputRequest) -> Arrays:
    return {"x": seeded.tensor(request.seed, "x", (3, 4, 16))}


PAIR = Pair(
    name="glue",
    title="Layers with indexing, reshapes and casts between them",
    variants={
        fault or "sound": Variant(fault or "sound", fault or "as it is", options={"fault": fault})
        for fault in FAULTS
    },
    reference="tests.mutants.glue.reference",
    port="tests.mutants.glue.port",
    draw_inputs=draw_inputs,
    forward=("x",),
    recipe=Recipe(optimizer="sgd", lr=0.1),
)
IN_JITTOR = replace(PAIR, port="tests.mutants.glue.jittor_port")
