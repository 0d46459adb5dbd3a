"""When two tensors have the same form: what their shapes and element types may differ in, and how it is said.

A framework without tensors of no axis writes a single number as (1,), and one whose integers are 32 bits wide
has those where another has 64. That is no mistake of a port. Everything else is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike


def same_shape(one: Sequence[int], other: Sequence[int]) -> bool:
    """Equal shapes, where a single number may stand as () or (1,)."""
    if tuple(one) == tuple(other):
        return True
    return math.prod(one) == math.prod(other) == 1 and max(len(one), len(other)) <= 1


def same_type(one: DTypeLike, other: DTypeLike) -> bool:
    """Equal element types, where integers and truth values of every width are one."""
    left, right = np.dtype(one), np.dtype(other)
    return left == right or (left.kind in "biu" and right.kind in "biu")


def shape_text(shape: Sequence[int]) -> str:
    """A shape as it is said in a sentence: 2x3x8, or () for a single number."""
    return "x".join(map(str, shape)) or "()"
