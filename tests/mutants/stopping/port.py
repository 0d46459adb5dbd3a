"""The port, in torch too: what it makes in another shape fits nowhere later, so it raises."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.mutants.stopping.reference import Maps
from tests.mutants.stopping.reference import losses as losses


class Faulty(Maps):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def padded(self, x: Tensor) -> Tensor:
        amounts = {"amounts": (2, 2, 1, 1), "remainder": (2, 2, 2, 2)}
        return functional.pad(x, amounts.get(self.fault, (1, 1, 2, 2)))

    def seen(self, x: Tensor) -> Tensor:
        padding = 0 if self.fault == "no padding" else 1
        found = torch.relu(functional.conv2d(x, self.kernel, None, 1, padding))
        return 2 * found if self.fault == "values" else found

    def smaller(self, x: Tensor) -> Tensor:
        small: Tensor = self.down(x)
        return self.down(small) if self.fault == "twice" else small

    def as_map(self, small: Tensor, large: Tensor) -> Tensor:
        samples, channels, height, width = small.shape
        if self.fault in ("nothing", "values"):
            raise RuntimeError("no such operator")
        if self.fault == "turned":
            return small.flatten(2).reshape(samples, channels, width, height)
        if self.fault == "transposed":
            return small.transpose(2, 3)
        return large if self.fault == "larger" else small

    def placed(self, x: Tensor) -> Tensor:
        return x + (self.place.flatten(2) if self.fault == "flat" else self.place)

    def enlarged(self, x: Tensor) -> Tensor:
        return functional.interpolate(x, size=(14, 12) if self.fault == "size" else (12, 14))

    def together(self, x: Tensor, other: Tensor) -> Tensor:
        if self.fault == "one part":
            return torch.cat([x], 1)
        return torch.cat([x, other], 2 if self.fault == "axis" else 1)


def build(variant: str, fault: str) -> nn.Module:
    return Faulty(fault)
