"""Brings Jittor up on CUDA: what is there, what is missing, and one toolkit folder made of it."""

from __future__ import annotations

from harness.environment.cuda.card import MOST_CAPABLE, Card
from harness.environment.cuda.judge import judge
from harness.environment.cuda.survey import Survey, survey
from harness.environment.cuda.toolkit import prepare

__all__ = ["MOST_CAPABLE", "Card", "Survey", "judge", "prepare", "survey"]
