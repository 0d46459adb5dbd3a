"""The statistics of one tensor in one walk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.numerics._floats import BLOCK, Floats, flat, square_sum, wider
from harness.numerics._measures import Stats
from harness.numerics._rounding import denormals_kept


def statistics(array: NDArray[Any]) -> Stats:
    """Summarise a tensor of any real dtype."""
    elements = flat(np.asarray(array))
    gathered = _Moments()
    # Few values of float16 differ, so errors of a float32 sum go the same way and add up.
    work = np.result_type(elements.dtype, np.float64 if elements.dtype == np.float16 else np.float32)
    with denormals_kept(), np.errstate(all="ignore"):
        for start in range(0, elements.size, BLOCK):
            gathered.add(elements[start : start + BLOCK].astype(work, copy=False))
        return gathered.stats()


class _Moments:
    """Count, mean and squared deviations, joined block by block (the formula of Chan, Golub and LeVeque)."""

    def __init__(self) -> None:
        self._count = self._nonfinite = 0
        self._mean = self._deviations = self._squares = np.longdouble(0)
        self._absmax = 0.0

    def add(self, block: Floats) -> None:
        """Take in a block; what is not finite or out of its dtype's range is seen to in a wider one."""
        squares = square_sum(block)
        if squares is None:
            finite = block[np.isfinite(block)]
            self._nonfinite += block.size - finite.size
            if finite.size:
                wide = wider(finite.dtype)
                self._join(finite.astype(wide), np.dot(finite.astype(wide), finite.astype(wide)))
            return
        self._join(block, squares)

    def _join(self, block: Floats, squares: Any) -> None:
        mean = block.mean()
        apart = block - mean
        count = self._count + block.size
        shift = np.longdouble(mean) - self._mean
        self._deviations += np.dot(apart, apart) + shift * shift * self._count * block.size / count
        self._mean += shift * block.size / count
        self._count = count
        self._squares += squares
        self._absmax = max(self._absmax, float(block.max()), -float(block.min()))

    def stats(self) -> Stats:
        """The statistics of all blocks."""
        return Stats(
            mean=float(self._mean),
            std=float(np.sqrt(self._deviations / self._count)) if self._count else 0.0,
            absmax=self._absmax,
            l2=float(np.sqrt(self._squares)),
            nonfinite=self._nonfinite,
        )
