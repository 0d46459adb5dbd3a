"""The pair: the model as it is, and one variant for each other step."""

from __future__ import annotations

from tests.mutants.faulty_pair import faulty_pair

FAULTS = (
    "", "NormAfter", "NormBeside", "NormMuchLater", "BranchLeftOut", "BranchAddedLater", "NotGated",
    "GatedAfter", "SigmoidBefore", "SigmoidOnceMore", "FirstGate", "LengthOne", "StepsTurned", "StepLeftOut",
    "ResizedAfter", "Smaller",
)  # fmt: skip

PAIR = faulty_pair("orders", "Branches, a gate and a shared layer", FAULTS, (2, 3, 12, 12))
