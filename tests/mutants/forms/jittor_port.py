"""The port in Jittor: one part of it has another shape, or learns or does not where it should."""

from __future__ import annotations

from collections.abc import Mapping

from jittor import Var as Tensor
from jittor import nn

from ports_jittor.torchlike import nn as torchlike


class Forms(nn.Module):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.conv = nn.Conv1d(4, 4, 3, padding=0 if fault == "padding" else 1)
        self.act = nn.Tanh()
        self.fixed = nn.Conv1d(4, 4, 1)
        self.head = torchlike.Linear(4, 4)
        if fault != "learns":
            for value in self.fixed.parameters():
                value.stop_grad()

    def execute(self, x: Tensor) -> Tensor:
        x = self.fixed(self.act(self.conv(x)))
        return self.head(x.mean(2))


def build(variant: str, fault: str) -> nn.Module:
    return Forms(fault)


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).mean()}
