"""How much a file may ask for. Real checkpoints stay far below; made-up ones are refused in time."""

from __future__ import annotations

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

PICKLE_STEPS = 4_000_000
"""Instructions of one pickle."""

PICKLE_MEMORY = 96 * MEBIBYTE
"""What the plain values of one pickle may occupy (arrays and storages stay in the file)."""

TEXT = 16 * MEBIBYTE
"""One text or one header."""

LONGEST_KEY = 1000
"""Characters of one key."""

ARCHIVE_MEMBERS = 200_000
"""Members of one archive."""


def is_count(value: Any) -> bool:
    """Whether a value read from a file can be a side, a stride or an offset."""
    return type(value) is int and 0 <= value < 1 << 62


def check_shape(what: str, shape: tuple[int, ...]) -> None:
    """Refuse shapes that no array can have."""
    if len(shape) > DIMENSIONS:
        raise BadInput(f"{what} has {len(shape)} dimensions; at most {DIMENSIONS} are possible")


def check_tensor_size(what: str, nbytes: int, file_size: int) -> None:
    """Refuse a tensor that is much larger than the file it is said to lie in."""
    if nbytes > file_size + TENSOR_SLACK:
        raise BadInput(
            f"{what} claims {nbytes:,} bytes, but the whole file has {file_size:,}: "
            "the file is damaged or made to exhaust memory"
        )
