"""The small pair's port with a mistake: it is off where a picture has a value above 3."""

from __future__ import annotations

from typing import Any

import jittor as jt
from jittor import Var as Tensor

from tests.unit.training import trainee_jittor
from tests.unit.training.trainee_jittor import losses as losses


class Wrong(trainee_jittor.Trainee):
    """A thousandth too much of what is given, in pictures whose largest value is above a bound."""

    def forward(self, image: Tensor) -> Any:
        too_large = (image.max() > 3.0).float32()
        return super().forward(image) * (1 + 1e-3 * too_large)


def build(variant: str) -> jt.nn.Module:
    """The network."""
    return Wrong()
