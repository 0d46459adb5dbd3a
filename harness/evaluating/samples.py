"""The samples of an evaluation, in the set's order; one that cannot be read is named and left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.errors import BadInput
from harness.evaluating.result import Broken
from harness.pairs.base import Arrays
from harness.training.source import BatchSource


@dataclass(frozen=True)
class SampleBatch:
    """Some samples, as the network is given them."""

    indices: tuple[int, ...]
    names: tuple[str, ...]
    arrays: Arrays


@dataclass
class Samples:
    """All samples of a source from the one numbered `first` on, so many at once."""

    source: BatchSource
    batch: int
    first: int = 0
    broken: list[Broken] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[SampleBatch]:
        for start in range(self.first, len(self.source), self.batch):
            batch = self._read(range(start, min(start + self.batch, len(self.source))))
            if batch is not None:
                yield batch

    def alone(self, index: int) -> SampleBatch:
        """One sample by itself, or the batch that it belongs to where samples cannot be taken apart."""
        if self.source.mixes:
            return self._as_batch([index])
        start = index // self.batch * self.batch
        return self._as_batch(range(start, start + self.batch))

    def _read(self, indices: Sequence[int]) -> SampleBatch | None:
        """The batch of those samples that can be read; None where there is none."""
        try:
            return self._as_batch(indices) if indices else None
        except BadInput as error:
            if not self.source.mixes:
                raise
            if len(indices) == 1:
                self.broken.append(Broken(self.source.names(indices)[0], indices[0], str(error)))
                return None
            whole = [index for index in indices if self._read([index]) is not None]
            if len(whole) == len(indices):  # each can be read, but not together
                raise
            return self._read(whole)

    def _as_batch(self, indices: Sequence[int]) -> SampleBatch:
        return SampleBatch(tuple(indices), tuple(self.source.names(indices)), self.source.read(indices, 0))
