"""The harness's own score: porting mistakes planted on purpose, and how many are found, located and named."""

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
