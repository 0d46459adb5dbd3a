"""When two tensors have the same form: what their shapes and element types may differ in, and how it is said.

A framework without tensors of no axis writes a single number as (1,), and one whose integers are 32 bits wide
has those where another has 64: Jittor counts, sorts and finds places in int32, where torch does in int64.
That is no mistake of a port. Everything else is: both have bool, float16, float32 and float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from harness.errors import BadInput


def same_shape(one: Sequence[int], other: Sequence[int]) -> bool:
    """Equal shapes, where a single number may stand as () or (1,)."""
    if tuple(one) == tuple(other):
        return True
    return math.prod(one) == math.prod(other) == 1 and max(len(one), len(other)) <= 1


def same_operand(one: Sequence[int], other: Sequence[int]) -> bool:
    """Shapes that broadcast alike: they differ by leading axes of one element alone."""
    return _without_leading(one) == _without_leading(other)


def _without_leading(shape: Sequence[int]) -> tuple[int, ...]:
    begin = next((axis for axis, size in enumerate(shape) if size != 1), len(shape))
    return tuple(shape[begin:])


def with_an_axis(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape for looking up its like: a single number counts as one of one axis."""
    return tuple(shape) or (1,)


def same_type(one: DTypeLike, other: DTypeLike) -> bool:
    """Equal element types, where integers and truth values of every width are one."""
    left, right = np.dtype(one), np.dtype(other)
    return left == right or (left.kind in "biu" and right.kind in "biu")


def fitted(name: str, array: NDArray[Any], shape: Sequence[int]) -> NDArray[Any]:
    """The array in exactly this shape; one of another is refused, also where it has as many elements."""
    if not same_shape(array.shape, shape):
        raise BadInput(
            f"{name} has the shape {shape_text(shape)} and is given one of {shape_text(array.shape)}"
        )
    return array.reshape(tuple(shape))


def shape_text(shape: Sequence[int]) -> str:
    """A shape as it is said in a sentence: 2x3x8, or () for a single number."""
    return "x".join(map(str, shape)) or "()"


def axes_text(axes: Sequence[int]) -> str:
    """Axes as they are said in a sentence: axis 1, or axes 0, 2 and 3."""
    *first, last = map(str, axes)
    return f"axes {', '.join(first)} and {last}" if first else f"axis {last}"
