"""The harness's own score: how many mistakes injected on purpose it finds, locates and names."""

from __future__ import annotations

from harness.selftest._catalogue import KINDS, Kind, Mistake, optimiser_mistakes, places, sample
from harness.selftest._score import FaultResult, Score, score

__all__ = [
    "KINDS",
    "FaultResult",
    "Kind",
    "Mistake",
    "Score",
    "optimiser_mistakes",
    "places",
    "sample",
    "score",
]
