"""Ways to use an optimiser differently from the recipe: injected as mistakes, and tried as causes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Deviation:
    """What differs from the recipe; nothing by default.

    `kind` and `options` are those of the optimiser. The learning rate comes `lag` steps late and is taken
    `rate` times. `begun` is how many steps the bias correction counts as taken. `corrected_eps`
    adds eps before the bias correction, as Jittor's own Adam does. `accumulate` never clears gradients,
    `skipped` first steps are not taken, and `left_out` is a parameter the optimiser does not know.
    """

    kind: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    lag: int = 0
    rate: float = 1.0
    begun: int = 0
    corrected_eps: bool = False
    accumulate: bool = False
    skipped: int = 0
    left_out: str = ""

    def rates(self, planned: Sequence[float]) -> list[float]:
        """The learning rates in use, given the recipe's rates `planned`."""
        last = len(planned) - 1
        return [self.rate * planned[min(last, max(0, turn - self.lag))] for turn in range(len(planned))]

    def eps(self, eps: float, second_beta: float, step: int) -> float:
        """The eps to add after the bias correction, equivalent to `eps` added before it."""
        return eps / math.sqrt(1 - second_beta**step) if self.corrected_eps else eps
