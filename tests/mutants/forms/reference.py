"""The reference: its second convolution does not learn."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


class Forms(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(4, 4, 3, padding=1)
        self.act = nn.Tanh()
        self.fixed = nn.Conv1d(4, 4, 1)
        self.fixed.requires_grad_(False)
        self.head = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fixed(self.act(self.conv(x)))
        found: Tensor = self.head(x.mean(2))
        return found


def build(variant: str, fault: str) -> nn.Module:
    return Forms()


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).mean()}
