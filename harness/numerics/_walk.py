"""One walk over two tensors, a block at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.numerics._floats import Floats, dot, limits, square_sum, ulps, wider
from harness.numerics._totals import Totals, rounded_up

Positions = NDArray[np.intp]
_NEAR = 1e-2
_NOWHERE: Positions = np.empty(0, dtype=np.intp)


class _Pair(NamedTuple):
    """A block of elements of both tensors, and its place in them."""

    reference: NDArray[Any]
    candidate: NDArray[Any]
    start: int
    kept: Positions | None = None  # which elements from `start` on these are; None: all of them

    def position(self, found: int) -> int:
        return self.start + (found if self.kept is None else int(self.kept[found]))


class Walk(Totals):
    """What has been measured so far.

    Blocks are measured in the wider dtype of the two. A block whose squares may leave its range, or that
    holds something not finite, is measured in the next wider dtype, without the elements not finite.
    """

    def __init__(self, reference: np.dtype[Any], candidate: np.dtype[Any], block: int) -> None:
        super().__init__()
        floats = [dtype for dtype in (reference, candidate) if dtype.kind == "f"]
        self._work = np.result_type(reference, candidate, np.float32) if floats else np.dtype(np.float64)
        self._narrow = min(floats, key=lambda dtype: dtype.itemsize) if floats else None
        self._tiny = float(limits(self._narrow).tiny) if self._narrow is not None else 1.0
        # A gap between the buffers: numpy takes its slow loop where an output touches an input.
        self._buffers = np.empty((3, block + 64), self._work)

    def add(self, reference: NDArray[Any], candidate: NDArray[Any], start: int) -> None:
        """Measure the block that begins at the flat position `start`."""
        pair = _Pair(reference, candidate, start)
        left = reference.astype(self._work, copy=False)
        right = candidate.astype(self._work, copy=False)
        apart = np.subtract(left, right, out=self._spare(left, 0))
        if self._narrow is None:
            _restore_integers(reference, candidate, apart)
        if not self._measure(left, right, apart, pair):
            self._measure_widely(left, right, pair)

    def _spare(self, like: Floats, which: int) -> Floats:
        return self._buffers[which, : like.size] if like.dtype == self._work else np.empty_like(like)

    def _measure_widely(self, left: Floats, right: Floats, pair: _Pair) -> None:
        finite = np.isfinite(left) & np.isfinite(right)
        if not finite.all():
            same = (left == right) | (np.isnan(left) & np.isnan(right))
            mismatches = np.flatnonzero(~finite & ~same)
            if mismatches.size and self.mismatch is None:
                self.mismatch = pair.start + int(mismatches[0])
            self.nonfinite += mismatches.size
            kept = np.flatnonzero(finite)
            pair = _Pair(pair.reference[kept], pair.candidate[kept], pair.start, kept)
            left, right = left[kept], right[kept]
        while left.size:
            dtype = wider(left.dtype)
            left, right = left.astype(dtype), right.astype(dtype)
            if self._measure(left, right, left - right, pair):
                return

    def _measure(self, left: Floats, right: Floats, apart: Floats, pair: _Pair) -> bool:
        """Take one block in; False, and nothing taken, where the dtype's range may not do."""
        difference2 = square_sum(apart)
        reference2 = square_sum(left)
        if difference2 is None or reference2 is None:
            return False
        if difference2 == 0:
            self.reference2 += reference2
            self.candidate2 += reference2
            self._note_size(max(left.max(), -left.min()))
            return True
        product = dot(left, apart)
        near = difference2 < _NEAR * reference2  # then (r - d)^2 spares a walk over the candidate
        candidate2 = reference2 - 2 * product + difference2 if near else square_sum(right)
        if candidate2 is None:
            return False
        self.reference2 += reference2
        self.candidate2 += candidate2
        self.difference2 += difference2
        self.product += product
        np.abs(apart, out=apart)
        self._measure_absolutely(apart, pair)
        self._measure_relatively(left, apart, pair)
        return True

    def _note_size(self, largest: Any) -> None:
        self.reference_absmax = max(self.reference_absmax, float(largest))

    def _measure_absolutely(self, apart: Floats, pair: _Pair) -> None:
        largest = float(np.maximum.reduce(apart))
        if largest > self.max_abs:
            self.max_abs = largest
            self.worst = pair.position(int(apart.argmax()))
        if self._narrow is None:
            self.max_ulp = max(self.max_ulp, int(largest))

    def _measure_relatively(self, left: Floats, apart: Floats, pair: _Pair) -> None:
        size = np.abs(left, out=self._spare(left, 1))
        self._note_size(np.maximum.reduce(size))
        near_zero = _NOWHERE
        if np.minimum.reduce(size) < self._tiny:
            near_zero = np.flatnonzero((size < self._tiny) & (apart > 0))
            self._note_near_zero(size[near_zero], apart[near_zero])
        quotient = np.divide(apart, size, out=self._spare(left, 2))
        quotient[near_zero] = 0
        largest = max(0.0, float(np.fmax.reduce(quotient)))  # zero by zero gives NaN and does not count
        self.max_rel = max(self.max_rel, largest)
        self.pass_rtol = max(self.pass_rtol, rounded_up(largest, quotient.dtype))
        if self._narrow is not None:
            self._count_ulps(quotient, largest, near_zero, pair)

    def _note_near_zero(self, size: Floats, apart: Floats) -> None:
        if size.size:
            wide, wide_apart = size.astype(np.longdouble), apart.astype(np.longdouble)
            self.max_rel = max(self.max_rel, float((wide_apart / np.maximum(wide, self._tiny)).max()))
            self.pass_rtol = max(self.pass_rtol, rounded_up((wide_apart / wide).max(), apart.dtype))

    def _count_ulps(self, quotient: Floats, largest: float, near_zero: Positions, pair: _Pair) -> None:
        """Count ulps only where the largest count can be.

        Let q be the relative difference of two normal numbers, counted in ulps of p bits of mantissa. They
        are at least q/(1+q) * 2^p ulps apart and, where q is at most a half, at most q/(1-q) * 2^(p+1).
        Rounding the wider of two dtypes to the narrower one keeps the order of such distances.
        """
        one = float(2 ** limits(self._narrow).nmant)
        capped = min(largest, 0.5)
        share = max(self.max_ulp, capped / (1 + capped) * one) / (2 * one)
        threshold = min(share / (1 + share), 0.5) * (1 - 1e-5)
        chosen = near_zero
        if largest > threshold:
            chosen = np.concatenate((np.flatnonzero(quotient > threshold), near_zero))
        if chosen.size:
            left, right = (array[chosen].astype(self._narrow) for array in pair[:2])
            self.max_ulp = max(self.max_ulp, ulps(left, right))


def _restore_integers(reference: NDArray[Any], candidate: NDArray[Any], apart: Floats) -> None:
    """Give 64-bit integers their exact difference where float64 has rounded them."""
    if max(reference.dtype.itemsize, candidate.dtype.itemsize) < 8:
        return
    common = np.result_type(reference, candidate)
    if common.kind in "iu":
        exact = (reference.astype(common) - candidate.astype(common)).view(np.int64)
        np.copyto(apart, exact, where=np.abs(apart) < 2.0**62)
