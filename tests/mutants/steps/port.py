"""The same network as somebody ports it, in plain Jittor, with the training that its variant names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jittor as jt
from jittor import nn

from harness.pairs.base import OwnTraining
from harness.pairs.recipe import Length
from tests.mutants.steps import trainings


class Small(nn.Module):
    """Two layers with a norm between them."""

    def __init__(self, training: str) -> None:
        super().__init__()
        self.trained_by = training
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.head = nn.Linear(6, 4)

    def execute(self, image: Any) -> Any:
        return self.head(nn.relu(self.norm(self.conv(image))).mean((2, 3)))


def build(variant: str, training: str) -> Any:
    """The network."""
    return Small(training)


def losses(outputs: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The mean square."""
    return {"square": jt.sqr(outputs - inputs["target"]).mean()}


def own_training(model: Any, length: Length) -> OwnTraining:
    """The training of that name."""
    found: OwnTraining = trainings.TRAININGS[model.trained_by](model, length)
    return found
