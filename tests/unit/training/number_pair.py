"""A pair whose samples are a few numbers, some of which cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from harness.errors import BadInput
from harness.pairs.base import Arrays, DataRequest, DataSet, InputRequest, Pair, Recipe, Variant

COUNT = 23


class Numbers(DataSet):
    """Sample i is (i, epoch, a number drawn); `source` names what goes wrong, and with which sample."""

    least = 2

    def __init__(self, request: DataRequest) -> None:
        self.fault, _, number = str(request.source or "").rpartition("-")
        self.fault_at = int(number or -1)
        if self.fault == "empty":
            self.count = 0
        else:
            self.count = COUNT if request.split == "train" else 5

    def __len__(self) -> int:
        return self.count

    def name(self, index: int) -> str:
        """With a letter before it."""
        return f"n{index}"

    def check(self) -> None:
        """Find what is missing."""
        if self.fault == "missing":
            raise BadInput(f"n{self.fault_at} is missing")

    def sample(self, index: int, epoch: int, rng: np.random.Generator) -> Arrays:
        """One sample, or the fault."""
        if index == self.fault_at:
            if self.fault == "broken":
                raise BadInput(f"n{index} is broken")
            if self.fault == "raises":
                raise KeyError("what")
            if self.fault == "killed":
                os.kill(os.getpid(), 9)
            if self.fault == "odd":
                return {"x": np.zeros(4, np.float32)}
        print("noise on standard output")
        return {"x": np.array([index, epoch, rng.random()], np.float32)}


PAIR = Pair(
    name="numbers",
    title="numbers",
    variants={"one": Variant("one", "")},
    reference="none",
    port="none",
    draw_inputs=lambda request: {"x": np.full((request.batch or 1, 2), request.seed, np.float32)},
    forward=("x",),
    recipe=Recipe("sgd", 0.1),
    data_set=Numbers,
)


def drawn(request: InputRequest) -> Arrays:
    """What tells the seed, the batch and the size asked for."""
    height, width = request.size or (1, 1)
    return {"x": np.full((request.batch or 1, height, width), request.seed % 1000, np.float32)}


WITHOUT_DATA = Pair(
    name="drawn",
    title="drawn",
    variants={"one": Variant("one", "")},
    reference="none",
    port="none",
    draw_inputs=drawn,
    forward=("x",),
    recipe=Recipe("sgd", 0.1),
)
PLACE = str(Path(__file__))
