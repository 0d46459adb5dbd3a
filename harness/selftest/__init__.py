"""The harness's own score: how many mistakes injected on purpose it finds, locates and names."""

from __future__ import annotations

from harness.selftest._catalogue import KINDS, Kind, Mistake, optimiser_mistakes, places, sample
from harness.selftest._score import FaultResult, Score, score
from harness.selftest._training import Fault, Trained, TrainingMistake, training_mistakes, training_sample

__all__ = [
    "KINDS",
    "Fault",
    "FaultResult",
    "Kind",
    "Mistake",
    "Score",
    "Trained",
    "TrainingMistake",
    "optimiser_mistakes",
    "places",
    "sample",
    "score",
    "training_mistakes",
    "training_sample",
]
