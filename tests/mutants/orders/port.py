"""The port, in torch too: one step of it is another one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.mutants.orders.reference import Branches
from tests.mutants.orders.reference import losses as losses


class NormAfter(Branches):
    def begin(self, x: Tensor) -> Tensor:
        return self.norm(self.act(self.stem(x)))  # type: ignore[no-any-return]


class NormBeside(Branches):
    """It is called, and nothing takes what it returns."""

    def begin(self, x: Tensor) -> Tensor:
        stem = self.stem(x)
        found: Tensor = self.act(stem)
        self.norm(found)
        return found


class NormMuchLater(Branches):
    def begin(self, x: Tensor) -> Tensor:
        return self.act(self.stem(x))  # type: ignore[no-any-return]

    def gated(self, total: Tensor, gate: Tensor) -> Tensor:
        return super().gated(self.norm(total), gate)


class BranchLeftOut(Branches):
    def total(self, x: Tensor) -> Tensor:
        return self.one(x) + self.two(x)  # type: ignore[no-any-return]


class BranchAddedLater(Branches):
    """The sum of the gate comes first in the port, and the other one lacks a branch."""

    def forward(self, x: Tensor) -> Tensor:
        begun = self.begin(x)
        gate = self.gate(begun)
        found = self.steps(self.gated(self.one(begun) + self.two(begun), gate))
        return self.last(self.larger(self.end(found)))  # type: ignore[no-any-return]


class NotGated(Branches):
    def gated(self, total: Tensor, gate: Tensor) -> Tensor:
        return self.mix(total)  # type: ignore[no-any-return]


class GatedAfter(Branches):
    def gated(self, total: Tensor, gate: Tensor) -> Tensor:
        return self.mix(total) * gate  # type: ignore[no-any-return]


class SigmoidBefore(Branches):
    def gate(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.one(x)) + torch.sigmoid(self.two(x))


class SigmoidOnceMore(Branches):
    def gate(self, x: Tensor) -> Tensor:
        return torch.sigmoid(torch.sigmoid(self.one(x)) + torch.sigmoid(self.two(x)))


class FirstGate(Branches):
    def gate(self, x: Tensor) -> Tensor:
        return super().gate(x)[:1].expand(x.shape)


class LengthOne(Branches):
    def gated(self, total: Tensor, gate: Tensor) -> Tensor:
        return super().gated(F.normalize(total, dim=1), gate)


class StepsTurned(Branches):
    def steps(self, x: Tensor) -> Tensor:
        held = x
        for place in reversed(range(4)):
            held = held + self.cell(x[:, :, place : place + 9, :9].mean((2, 3), keepdim=True))
        return held + x.mean() * 0.1


class StepLeftOut(Branches):
    def steps(self, x: Tensor) -> Tensor:
        held = x
        for place in (0, 2, 3):
            held = held + self.cell(x[:, :, place : place + 9, :9].mean((2, 3), keepdim=True))
        return held


class ResizedAfter(Branches):
    def end(self, x: Tensor) -> Tensor:
        return F.interpolate(self.head(x), scale_factor=2.0)


class Smaller(Branches):
    def larger(self, x: Tensor) -> Tensor:
        return torch.minimum(0.1 * x, x)


PORTS: dict[str, type[Branches]] = {
    kind.__name__: kind
    for kind in (
        NormAfter, NormBeside, NormMuchLater, BranchLeftOut, BranchAddedLater, NotGated, GatedAfter,
        SigmoidBefore, SigmoidOnceMore, FirstGate, LengthOne, StepsTurned, StepLeftOut, ResizedAfter, Smaller,
    )
}  # fmt: skip


def build(variant: str, fault: str) -> nn.Module:
    return PORTS[fault]() if fault else Branches()
