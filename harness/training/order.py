"""Which samples each batch of an epoch holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.errors import BadInput
from harness.pairs.base import Split
from harness.training.source import BatchSource


def epoch_order(source: BatchSource, split: Split, batch: int, seed: int, epoch: int) -> list[list[int]]:
    """The batches of an epoch: shuffled by seed and epoch to train on; in the set's order to validate."""
    chosen = _cut(np.arange(len(source)), batch)
    if split == "val":
        return chosen
    rng = seeded.generator(seed, f"order/{epoch}")
    if source.mixes:
        chosen = _cut(rng.permutation(len(source)), batch)
    else:
        chosen = [chosen[place] for place in rng.permutation(len(chosen))]
    least = batch if source.least is None else min(source.least, batch)
    chosen = [one for one in chosen if len(one) >= least]
    if not chosen:
        raise BadInput(
            f"{len(source)} samples give no batch of {least} or more; "
            "give a smaller --batch or a larger --limit"
        )
    return chosen


def _cut(order: NDArray[np.int64], batch: int) -> list[list[int]]:
    return [[int(index) for index in order[start : start + batch]] for start in range(0, len(order), batch)]
