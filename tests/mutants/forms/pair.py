"""The pair: the model as it is, and one variant for each fault in the form of what it makes."""

from __future__ import annotations

from dataclasses import replace

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant

FAULTS = ("sound", "padding", "learns", "frozen")


def draw_inputs(request: InputRequest) -> Arrays:
    return {"x": seeded.tensor(request.seed, "x", (3, 4, 16))}


PAIR = Pair(
    name="forms",
    title="A convolution, a frozen one, a mean and a head",
    variants={fault: Variant(fault, fault, options={"fault": fault}) for fault in FAULTS},
    reference="tests.mutants.forms.reference",
    port="tests.mutants.forms.port",
    draw_inputs=draw_inputs,
    forward=("x",),
    recipe=Recipe(optimizer="sgd", lr=0.1),
)
IN_JITTOR = replace(PAIR, port="tests.mutants.forms.jittor_port")
