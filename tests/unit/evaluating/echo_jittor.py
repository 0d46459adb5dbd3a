"""A network that returns what it is given, times a weight, in jittor."""

from __future__ import annotations

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.torchlike import nn


class Echo(nn.Module):
    """Returns its input."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.weight = nn.Parameter(jt.ones(1))

    def forward(self, given: Tensor) -> dict[str, Tensor]:
        return {self.name: given * self.weight}


def build(variant: str) -> nn.Module:
    """The network; its variant is the name of its output."""
    return Echo(variant)
