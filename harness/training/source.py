"""Batches by epoch and number: which samples belong to each, and what they hold.

A batch depends on the seed, the epoch and the numbers of its samples alone, whoever reads it and in which
order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from harness import seeded
from harness.errors import BadInput, HarnessError
from harness.pairs.base import Arrays, DataRequest, DataSet, InputRequest, Pair

DRAWN_BATCHES = 16  # of a split, where a pair has no data set and no limit is asked for
_MOST_SEEDS = 2**31


class BatchSource(Protocol):
    """Where the batches of a split come from."""

    def __len__(self) -> int:
        """How many samples there are."""

    @property
    def least(self) -> int | None:
        """The smallest batch that a training takes; None where only whole batches are taken."""

    @property
    def mixes(self) -> bool:
        """Whether any samples can share a batch; otherwise those of a batch follow each other."""

    def names(self, indices: Sequence[int]) -> list[str]:
        """What messages call some samples."""

    def read(self, indices: Sequence[int], epoch: int) -> Arrays:
        """The batch of some samples."""

    def check(self) -> None:
        """Raise BadInput where it is seen at a glance that a sample cannot be read."""


def open_source(pair: Pair, request: DataRequest, batch: int, seed: int) -> BatchSource:
    """The samples that a pair gives; where it has no data set, batches drawn as its inputs are."""
    if pair.data_set is None:
        if request.source is not None:
            raise BadInput(
                f"--data {request.source}: {pair.name} declares no data set that a folder could hold; "
                "declare `data_set` in its Pair, or leave --data away"
            )
        return _Drawn(pair, request, batch, seed)
    if request.fold is not None and request.fold not in range(pair.folds):
        there = f"has the folds 0 to {pair.folds - 1}" if pair.folds else "has no folds; leave --fold away"
        raise BadInput(f"--fold {request.fold}: the data set of {pair.name} {there}")
    return _Sampled(_asked(pair, request), request, seed)


def _asked(pair: Pair, request: DataRequest) -> DataSet:
    assert pair.data_set is not None
    where = f"--data {request.source or 'synthetic'}, {request.split} split of {pair.name}"
    try:
        found = pair.data_set(request)
    except HarnessError:
        raise
    except Exception as error:  # a stranger's code may raise anything; what it raised is reported
        raise BadInput(f"{where}: {type(error).__name__}: {error}") from error
    if not len(found):
        raise BadInput(f"{where}: there are no samples")
    return found


class _Sampled:
    """Samples of a data set; of more than the limit a seeded choice, in the set's order."""

    def __init__(self, data: DataSet, request: DataRequest, seed: int) -> None:
        self._data, self._split, self._seed = data, request.split, seed
        count = len(data)
        if request.limit is not None and request.limit < count:
            rng = seeded.generator(request.seed, f"limit/{request.split}")
            self._chosen = np.sort(rng.permutation(count)[: request.limit])
        else:
            self._chosen = np.arange(count)
        self.least = data.least
        self.mixes = True

    def __len__(self) -> int:
        return len(self._chosen)

    def names(self, indices: Sequence[int]) -> list[str]:
        return [self._data.name(int(self._chosen[index])) for index in indices]

    def check(self) -> None:
        self._data.check()

    def read(self, indices: Sequence[int], epoch: int) -> Arrays:
        samples = [self._sample(index, epoch) for index in indices]
        self._require_alike(indices, samples)
        try:
            return self._data.batch(samples)
        except ValueError as error:
            names = ", ".join(self.names(indices))
            raise BadInput(
                f"the samples {names} of the {self._split} split give no batch: {error}"
            ) from error

    def _sample(self, index: int, epoch: int) -> Arrays:
        number = int(self._chosen[index])
        rng = seeded.generator(self._seed, f"sample/{self._split}/{epoch}/{number}")
        try:
            return self._data.sample(number, epoch, rng)
        except HarnessError:
            raise
        except Exception as error:  # likewise
            raise BadInput(
                f"sample {self._data.name(number)} of the {self._split} split cannot be read: "
                f"{type(error).__name__}: {' '.join(str(error).split())}"
            ) from error

    def _require_alike(self, indices: Sequence[int], samples: Sequence[Arrays]) -> None:
        """Refuse a batch whose samples have other arrays, or the first array in another size."""
        first = next(iter(samples[0]))
        shapes = [sample[first].shape if first in sample else None for sample in samples]
        for index, shape in zip(indices, shapes, strict=True):
            if shape != shapes[0]:
                one, other = self.names([indices[0]])[0], self.names([index])[0]
                raise BadInput(
                    f"the samples {one} and {other} of the {self._split} split cannot share a batch: "
                    f"{first} is {shapes[0]} and {shape}. Give --input-size or --batch 1"
                )


class _Drawn:
    """Whole batches as the pair draws its inputs, each with a seed of its own; the same in every epoch."""

    least = None
    mixes = False

    def __init__(self, pair: Pair, request: DataRequest, batch: int, seed: int) -> None:
        self._pair, self._request, self._batch = pair, request, batch
        self._count = request.limit or DRAWN_BATCHES * batch
        if self._count < batch:
            raise BadInput(f"--limit {self._count} is less than one batch of {batch}")

    def __len__(self) -> int:
        return self._count // self._batch * self._batch

    def names(self, indices: Sequence[int]) -> list[str]:
        return [f"drawn {index}" for index in indices]

    def check(self) -> None:
        pass

    def read(self, indices: Sequence[int], epoch: int) -> Arrays:
        number = min(indices) // self._batch
        rng = seeded.generator(self._request.seed, f"drawn/{self._request.split}/{number}")
        request = InputRequest(
            variant=self._request.variant,
            mode="train",
            seed=int(rng.integers(_MOST_SEEDS)),
            batch=self._batch,
            size=self._request.size,
            tag=f"train/{self._request.split}",
        )
        return self._pair.inputs(request)
