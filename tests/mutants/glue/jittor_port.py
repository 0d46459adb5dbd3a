"""The port in Jittor: what it does between its layers has one fault or none."""

from __future__ import annotations

from collections.abc import Mapping

import jittor as jt
from jittor import Var as Tensor
from jittor import nn

from ports_jittor.torchlike import nn as torchlike

WIDTH = 16


class Port(nn.Module):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self.stem = torchlike.Linear(WIDTH, WIDTH)
        self.blocks = nn.Sequential(torchlike.Linear(WIDTH, WIDTH), nn.Tanh(), torchlike.Linear(WIDTH, WIDTH))
        self.weight = jt.zeros((8, 8))
        self.head = torchlike.Linear(8, 8)

    def execute(self, x: Tensor) -> Tensor:
        fault = self.fault
        stem = self.stem(x)
        left, right = jt.chunk(stem.flip(0) if fault == "chunk" else stem, 2, -1)
        total = right + left if fault == "other order" else left + right
        both = total * 0.5 - right
        rows = stem.reshape((12, WIDTH))
        if fault == "input of a container":
            rows = rows.flip(1)
        deep = self.blocks(rows).reshape((3, 4, WIDTH))
        share = nn.softmax(deep[..., 8:] if fault == "index" else deep[..., :8], -1)
        if fault == "cast":
            share = share.float16().float32()
        weight = self.weight if fault == "weight" else self.weight.t()
        return self.head(jt.matmul(share, weight) + both)


def build(variant: str, fault: str) -> nn.Module:
    return Port(fault)


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {"square": (outputs * outputs).mean()}
