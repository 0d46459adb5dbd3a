"""How much a file may ask for. Real checkpoints stay far below; made-up ones are refused in time."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from harness.errors import BadInput

MEBIBYTE = 1 << 20

DIMENSIONS = 32
"""Axes of one tensor (numpy's own limit)."""

TENSOR_SLACK = 64 * MEBIBYTE
"""A tensor may be this much larger than the file that holds it (views repeat elements)."""

TOTAL_FACTOR = 16
"""All tensors together may be this many times the file, plus TENSOR_SLACK (tied and overlapping ones)."""

INFLATED_FACTOR = 50
"""Compressed arrays together may be this many times the file, plus TENSOR_SLACK."""

TIED_FACTOR = 64
"""The same with tied tensors counted each time, which is how some formats store them."""

PICKLE_STEPS = 4_000_000
"""Instructions of all pickles of one file."""

MADE = 96 * MEBIBYTE
"""What reading one file may make in memory (arrays and storages stay in the file)."""

JSON_MADE = 64 * MEBIBYTE
"""What one JSON document may become in memory."""

TEXT = 16 * MEBIBYTE
"""One text or one header."""

LONGEST_KEY = 1000
"""Characters of one key, of one module's or class's name."""

MOST_TENSORS = 20_000
"""Tensors of one state. To convert one takes up to ten kilobytes beside its content."""

ALL_KEYS = 8 * MEBIBYTE
"""Characters of all keys of a state."""

ARCHIVE_MEMBERS = 200_000
"""Members of one archive."""

LARGEST_ARRAY = 1 << 63
"""Bytes that no array can have, with its empty sides left out."""

LONGEST_NUMBER = 1024
"""Digits or bytes of one number."""

_LARGEST_ELEMENT = 16


def is_count(value: Any) -> bool:
    """Whether a value read from a file can be a side, a stride or an offset."""
    return type(value) is int and 0 <= value < 1 << 62


def check_shape(what: str, shape: Sequence[Any]) -> None:
    """Refuse shapes that no array can have, of whatever kind of number, with or without elements."""
    if len(shape) > DIMENSIONS:
        raise BadInput(f"{what} has {len(shape):,} dimensions; at most {DIMENSIONS} are possible")
    if not all(is_count(side) for side in shape):
        raise BadInput(f"{what} has a shape that is not made of counts")
    if prod(side for side in shape if side) * _LARGEST_ELEMENT >= LARGEST_ARRAY:
        raise BadInput(f"{what} has sides that no array can have: {list(shape)}")


def check_tensor_size(what: str, nbytes: int, file_size: int) -> None:
    """Refuse a tensor that is much larger than the file it is said to lie in."""
    if nbytes > file_size + TENSOR_SLACK:
        raise BadInput(
            f"{what} claims {nbytes:,} bytes, but the whole file has {file_size:,}: "
            "the file is damaged or made to exhaust memory"
        )
