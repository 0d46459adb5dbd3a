"""What the block-wise walks share: the sizes, the ranges in which squares are safe, the distance in ulps."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]

BLOCK = 1 << 17
"""Elements a block: enough that numpy's calls cost little, few enough that caches hold them."""

_FLOAT32, _FLOAT64, _LONG = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.longdouble)
_SAFE = {_FLOAT32: (1e-20, 1e30), _FLOAT64: (1e-280, 1e290)}
_PRODUCT = {_FLOAT32: 1 << 15, _FLOAT64: 1 << 13}
"""Elements a product: longer ones lose digits in float32; in float64 OpenBLAS spins threads for them."""
_WIDER = {_FLOAT32: _FLOAT64, _FLOAT64: _LONG}


@lru_cache(maxsize=8)
def limits(dtype: np.dtype[Any]) -> np.finfo[Any]:
    """What numpy knows of a float dtype."""
    return np.finfo(dtype)


def wider(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The next dtype with more range; the widest is its own."""
    return _WIDER.get(dtype, dtype)


def dot(left: Floats, right: Floats) -> Any:
    """The inner product of two blocks, on one thread."""
    most = _PRODUCT.get(left.dtype, left.size)
    if left.size <= most:
        return np.dot(left, right)
    return sum(float(np.dot(left[i : i + most], right[i : i + most])) for i in range(0, left.size, most))


def square_sum(block: Floats) -> Any:
    """The sum of squares, or None where they may have left the range of the dtype."""
    total = dot(block, block)
    if block.dtype == _LONG:
        return total
    low, high = _SAFE[block.dtype]
    if low <= total <= high or (total == 0 and not block.any()):
        return float(total)
    return None


def flat(array: NDArray[Any]) -> NDArray[Any]:
    """The elements in order, without a copy where the array is contiguous; refuses what is not real."""
    if array.dtype.kind not in "fiub":
        raise TypeError(f"cannot measure a tensor of dtype {array.dtype}: real numbers and booleans only")
    return np.ascontiguousarray(array).reshape(-1)


def ulps(reference: Floats, candidate: Floats) -> int:
    """The largest distance of two arrays of the same float dtype, counted in representable numbers."""
    unsigned = np.dtype(f"u{reference.dtype.itemsize}")
    sign = unsigned.type(1 << (8 * unsigned.itemsize - 1))
    left, right = reference.view(unsigned), candidate.view(unsigned)
    opposite = (left ^ right) >= sign
    left, right = left & ~sign, right & ~sign
    apart = np.where(opposite, left + right, np.maximum(left, right) - np.minimum(left, right))
    return int(apart.max(initial=0))
