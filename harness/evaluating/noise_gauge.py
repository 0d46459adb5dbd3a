"""How far a sample's outputs may be apart, learnt from samples that had a float64 run of their own.

A float64 run of every sample would cost more than the evaluation itself. So some samples have one, and tell
the noise as a share of the outputs. A sample that is further off than these allow gets a run of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median

from harness.numerics import difference
from harness.pairs.base import Arrays
from harness.verdict import Measured, NoisePolicy, allowances


@dataclass(frozen=True)
class Distance:
    """How far outputs are apart: the largest relative l2 distance, and that over what is allowed."""

    error: float
    ratio: float


@dataclass
class NoiseGauge:
    """What each measured sample allows of an output: shares of its norm and of its largest element."""

    policy: NoisePolicy
    l2: dict[str, list[float]] = field(default_factory=dict)
    worst: dict[str, list[float]] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether a sample has been measured."""
        return bool(self.l2)

    def learn(self, name: str, measured: Measured) -> None:
        """Take in what a sample's own float64 run allows of one output."""
        allowed, largest = allowances(measured, self.policy)
        if measured.truth_l2 and measured.truth_absmax:
            self.l2.setdefault(name, []).append(allowed / measured.truth_l2)
            self.worst.setdefault(name, []).append(largest / measured.truth_absmax)

    def distance(self, reference: Arrays, port: Arrays) -> Distance:
        """How far the port's outputs for a sample are from the reference's."""
        if {name: array.shape for name, array in reference.items()} != {
            name: array.shape for name, array in port.items()
        }:
            return Distance(math.inf, math.inf)
        found = [self._of_output(name, reference, port) for name in reference]
        return Distance(max(one.error for one in found), max(one.ratio for one in found))

    def _of_output(self, name: str, reference: Arrays, port: Arrays) -> Distance:
        found = difference(reference[name], port[name])
        if found.nonfinite:
            return Distance(math.inf, math.inf)
        if name not in self.l2:
            return Distance(found.rel_l2, math.inf if found.max_abs else 0.0)
        l2 = _share(found.l2, median(self.l2[name]) * found.reference_l2)
        worst = _share(found.max_abs, median(self.worst[name]) * found.reference_absmax)
        return Distance(found.rel_l2, max(l2, worst))


def _share(distance: float, allowed: float) -> float:
    if not distance:
        return 0.0
    return distance / allowed if allowed else math.inf
