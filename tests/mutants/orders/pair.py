"""The pair: the model as it is, and one variant for each other step."""

from __future__ import annotations

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant

FAULTS = (
    "", "NormAfter", "NormBeside", "NormMuchLater", "BranchLeftOut", "BranchAddedLater", "NotGated",
    "GatedAfter", "SigmoidBefore", "SigmoidOnceMore", "FirstGate", "LengthOne", "StepsTurned", "StepLeftOut",
    "ResizedAfter", "Smaller",
)  # fmt: skip


def draw_inputs(request: InputRequest) -> Arrays:
    return {"x": seeded.tensor(request.seed, "x", (2, 3, 12, 12))}


PAIR = Pair(
    name="orders",
    title="Branches, a gate and a shared layer",
    variants={
        fault or "sound": Variant(fault or "sound", fault or "as it is", options={"fault": fault})
        for fault in FAULTS
    },
    reference="tests.mutants.orders.reference",
    port="tests.mutants.orders.port",
    draw_inputs=draw_inputs,
    forward=("x",),
    recipe=Recipe(optimizer="sgd", lr=0.1),
)
