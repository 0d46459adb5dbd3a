"""The port, in torch too: what it does between its layers has one fault or none."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tests.mutants.glue.reference import WIDTH, Glue
from tests.mutants.glue.reference import losses as losses


class Port(Glue):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def forward(self, x: Tensor) -> Tensor:
        fault = self.fault
        stem = self.stem(x)
        left, right = (stem.flip(0) if fault == "chunk" else stem).chunk(2, -1)
        total = right + left if fault == "other order" else left + right
        both = total * 0.5 - right
        rows = stem.reshape(12, WIDTH)
        if fault == "input of a container":
            rows = rows.flip(1)
        deep = self.blocks(rows).reshape(3, 4, WIDTH)
        share = torch.softmax(deep[..., 8:] if fault == "index" else deep[..., :8], -1)
        if fault == "cast":
            share = share.to(torch.float16).to(torch.float32)
        weight = self.weight if fault == "weight" else self.weight.t()
        found: Tensor = self.head(torch.matmul(share, weight) + both)
        return found


def build(variant: str, fault: str) -> nn.Module:
    return Port(fault)
