"""Tensors read back from a file while the rest of it is being written, and compared with their origin."""

from __future__ import annotations

import mmap
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weight_convert.tensor import BLOCK, Tensor


class ReadBack:
    """Tells where in a file tensors were found to be what they should be, bit for bit."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        # begins with a page: some processors copy to an address 16 bytes beyond the origin's six times slower
        self._buffer = mmap.mmap(-1, BLOCK)
        self._pool = ThreadPoolExecutor(1)
        self._asked: list[tuple[int, Tensor, Future[bool]]] = []

    def add(self, start: int, tensor: Tensor) -> None:
        """Compare a tensor that has been written at `start`, behind what the caller does next."""
        self._asked.append((start, tensor, self._pool.submit(self._found, start, tensor)))

    def places(self) -> dict[int, Tensor]:
        """Where every tensor begins that was found whole; waits for all of them."""
        return {start: tensor for start, tensor, found in self._asked if found.result()}

    def close(self) -> None:
        """Leave what has not been compared yet."""
        self._pool.shutdown(cancel_futures=True)
        self._file.close()

    def _found(self, start: int, tensor: Tensor) -> bool:
        self._file.seek(start)
        for block in tensor.blocks():
            found = memoryview(self._buffer)[: len(block)]
            if self._file.readinto(found) != len(block) or not same_bytes(block, found):
                return False
        return True


def same_bytes(one: memoryview | NDArray[np.uint8], other: memoryview | NDArray[np.uint8]) -> bool:
    """Whether two runs of bytes are the same, compared eight at a time where that is possible."""
    wide = np.uint64 if len(one) == len(other) and len(one) % 8 == 0 else np.uint8
    return np.array_equal(np.frombuffer(one, wide), np.frombuffer(other, wide))
