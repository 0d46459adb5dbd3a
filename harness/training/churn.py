"""Churn: on how many samples two trained networks disagree, beside what two seeds of the reference do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CHANGED = 0.05  # of a sample's figure, relative to the larger of two: then the two networks disagree on it


@dataclass(frozen=True)
class Churn:
    """The mean share of samples with a disagreement: port against reference, reference against itself."""

    port: float
    reference: float
    samples: int

    @property
    def ratio(self) -> float:
        """How often as much the port disagrees as other seeds do; NaN where these never do."""
        return self.port / self.reference if self.reference else math.nan


def disagreement(one: Sequence[float], other: Sequence[float], changed: float = CHANGED) -> float:
    """The share of samples whose figures differ by more than a share of the larger one."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    both = np.isnan(a) & np.isnan(b)
    largest = np.maximum(np.abs(a), np.abs(b))
    with np.errstate(invalid="ignore"):
        apart = ~(np.abs(a - b) <= changed * largest) & ~both
    return float(apart.mean()) if len(a) else 0.0


def churn(reference: Sequence[Sequence[float]], port: Sequence[Sequence[float]]) -> Churn | None:
    """Over all pairs of seeds: each port against other seeds' references, the references among themselves.

    None where there are fewer than two seeds, or where samples were not measured.
    """
    lengths = {len(figures) for figures in (*reference, *port)}
    if len(reference) < 2 or len(lengths) != 1 or not min(lengths):
        return None
    among = [disagreement(one, other) for one, other in itertools.combinations(reference, 2)]
    across = [
        disagreement(theirs, ours)
        for place, theirs in enumerate(reference)
        for seed, ours in enumerate(port)
        if place != seed
    ]
    return Churn(float(np.mean(across)), float(np.mean(among)), min(lengths))
