"""What a worker answers where the operations of a loss are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.answers import LossOperation, LossTensor


@dataclass(frozen=True)
class LossListed:
    """What a loss runs, in order, and what it may take besides: the case's inputs and the model's outputs.

    Each of the latter has a name with `inputs.` or `outputs.` before it.
    """

    operations: list[LossOperation] = field(default_factory=list)
    given: list[LossTensor] = field(default_factory=list)
