"""Whether the outputs of a side can show anything: constant ones cannot, nor ones that are not finite."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from harness.pairs.base import Arrays


@dataclass
class OutputRange:
    """The smallest and the largest element of each output, over all samples of one side."""

    low: dict[str, float] = field(default_factory=dict)
    high: dict[str, float] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)

    def add(self, outputs: Arrays) -> None:
        """Take a batch in."""
        for name, array in outputs.items():
            if not array.size:
                continue
            low, high = float(array.min()), float(array.max())
            if not (np.isfinite(low) and np.isfinite(high)):
                self.strange += [name] if name not in self.strange else []
                continue
            self.low[name] = min(low, self.low.get(name, low))
            self.high[name] = max(high, self.high.get(name, high))

    def empty(self) -> str:
        """Why no output shows anything; empty where one does."""
        varied = [name for name in self.low if self.low[name] < self.high[name] and name not in self.strange]
        if varied:
            return ""
        if self.strange:
            return f"the output {min(self.strange)} is not finite"
        return "every output is constant, the same in each element of each sample"


def empty_on_both(reference: str, port: str) -> list[str]:
    """What is said where both sides show nothing; where only one does, that is a difference."""
    if not (reference and port):
        return []
    if reference == port:
        return [f"on both sides {reference}"]
    return [f"on the reference {reference}", f"on the port {port}"]
