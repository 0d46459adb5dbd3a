"""A small pair that can be trained: it learns to return a plain picture of what it is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.pairs.base import Arrays, DataRequest, DataSet
from tests.unit.sides import small


class Pictures(DataSet):
    """A few pictures of noise."""

    def __init__(self, request: DataRequest) -> None:
        self.count = request.limit or (12 if request.split == "train" else 6)

    def __len__(self) -> int:
        return self.count

    def sample(self, index: int, epoch: int, rng: np.random.Generator) -> Arrays:
        """One of them, the same in every epoch."""
        own = np.random.default_rng(index)
        return {"image": own.standard_normal((3, 8, 8)).astype(np.float32)}


def size(outputs: Arrays, inputs: Arrays) -> dict[str, float]:
    """How large the output is, and its share of the input."""
    (given,) = outputs.values()
    return {
        "size": float(np.abs(given).mean()),
        "share": float(np.abs(given).sum() / np.abs(inputs["image"]).sum()),
    }


PAIR = replace(small.PAIR, name="small_training", data_set=Pictures, metrics=size)
