"""The batch stream: the batches of a split, drawn by seed and epoch, the same for both sides.

Loader processes read ahead, one batch each. The stream is the same whatever their number: 0 is this process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType

from harness.pairs.base import Arrays, DataRequest, Pair
from harness.training.batch_file import read_batch, write_batch
from harness.training.loader import described
from harness.training.loaders import Loaders
from harness.training.order import epoch_order
from harness.training.source import open_source


@dataclass(frozen=True)
class Batch:
    """One batch. Its file, which both workers read, goes when the next batch is asked for."""

    path: Path
    names: tuple[str, ...]
    indices: tuple[int, ...]
    epoch: int
    number: int

    @cached_property
    def arrays(self) -> Arrays:
        """What the file holds."""
        return read_batch(self.path)


class BatchStream:
    """The batches of a split. Use as a context manager, in the folder in memory that goes with the run.

    Their files lie right in that folder, and so are read as a run's own. `place` is what a user calls the
    pair, if that is not its name; loader processes find it by that.
    """

    def __init__(
        self,
        pair: Pair,
        request: DataRequest,
        batch: int,
        seed: int,
        loaders: int,
        folder: Path,
        place: str | None = None,
    ) -> None:
        self.request, self.batch, self.seed = request, batch, seed
        self.source = open_source(pair, request, batch, seed)
        self.source.check()
        self.steps_per_epoch = len(self._order(0))
        self._count = loaders
        self._first = described(place or pair.name, request, batch, seed)
        self._stack = contextlib.ExitStack()
        self._folder = folder
        self._loaders: Loaders | None = None

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self.source)

    @contextlib.contextmanager
    def first(self) -> Iterator[Path]:
        """The file of the first batch, for as long as the context lasts."""
        path = self._file("first.batch")
        try:
            yield write_batch(path, self.source.read(self._order(0)[0], 0))
        finally:
            path.unlink(missing_ok=True)

    def epoch(self, epoch: int, skip: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, from the one numbered `skip` on."""
        order = self._order(epoch)[skip:]
        for number, (path, indices) in enumerate(
            zip(self._files(order, epoch, skip), order, strict=True), skip
        ):
            yield Batch(path, tuple(self.source.names(indices)), tuple(indices), epoch, number)

    def _order(self, epoch: int) -> list[list[int]]:
        return epoch_order(self.source, self.request.split, self.batch, self.seed, epoch)

    def _files(self, order: list[list[int]], epoch: int, skip: int) -> Iterator[Path]:
        paths = [self._file(f"{epoch}-{number}.batch") for number in range(skip, skip + len(order))]
        if self._loaders is None:
            for path, indices in zip(paths, order, strict=True):
                yield write_batch(path, self.source.read(indices, epoch))
                path.unlink(missing_ok=True)
            return
        requests = [
            (path, {"number": number, "epoch": epoch, "indices": indices}, self._said(epoch, number, indices))
            for number, (path, indices) in enumerate(zip(paths, order, strict=True), skip)
        ]
        yield from self._loaders.read(requests)

    def _file(self, name: str) -> Path:
        return self._folder / f"{self.request.split}-{name}"

    def _said(self, epoch: int, number: int, indices: list[int]) -> str:
        names = ", ".join(self.source.names(indices))
        return f"batch {number} of epoch {epoch} ({self.request.split} split: {names})"

    def __enter__(self) -> BatchStream:
        if self._count:
            logs = [self._file(f"loader-{number}.log") for number in range(self._count)]
            self._loaders = Loaders(self._first, logs)
            self._stack.callback(self._loaders.end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
