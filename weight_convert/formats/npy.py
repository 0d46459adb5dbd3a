"""The header of numpy's array format, read by a strict pattern instead of by evaluating it."""

from __future__ import annotations

import re
import struct
from math import prod
from typing import Any

import numpy as np

from harness.errors import BadInput
from weight_convert.dtypes import of_numpy
from weight_convert.limits import check_shape
from weight_convert.shown import shown

MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000
_LONGEST_SIDE = 19
_HEADER = re.compile(
    r"\{\s*'descr':\s*'(?P<descr>[<>|=]?[a-zA-Z]\d*)',\s*'fortran_order':\s*(?P<fortran>True|False),\s*"
    r"'shape':\s*\((?P<shape>[\d\sL,]*)\),?\s*\}\s*"
)


class NpyHeader:
    """What an array's header says: dtype, shape, order and where the elements begin."""

    def __init__(self, what: str, head: memoryview) -> None:
        if bytes(head[:6]) != MAGIC:
            raise BadInput(f"{what} does not begin as a numpy array does")
        version, length_at = head[6], struct.Struct("<H" if head[6] == 1 else "<I")
        if version not in (1, 2, 3) or len(head) < 8 + length_at.size:
            raise BadInput(f"{what} is a numpy array of version {version}; 1, 2 and 3 are known")
        (length,) = length_at.unpack_from(head, 8)
        self.start = 8 + length_at.size + length
        if length > _LONGEST_HEADER or self.start > len(head):
            raise BadInput(
                f"{what} has a header of {length:,} bytes, longer than the data or than any array needs"
            )
        text = str(head[8 + length_at.size : self.start], "latin1")
        match = _HEADER.fullmatch(text)
        if match is None:
            raise BadInput(f"{what} is not a plain array of numbers: {shown(text.strip())}")
        self.dtype = _dtype(what, match["descr"])
        self.kind = of_numpy(self.dtype)
        self.fortran = match["fortran"] == "True"
        self.shape = _shape(what, match["shape"])

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return prod(self.shape) * self.dtype.itemsize


def _shape(what: str, text: str) -> tuple[int, ...]:
    sides = [side.strip().removesuffix("L") for side in text.split(",") if side.strip()]
    if any(not side.isdecimal() or len(side) > _LONGEST_SIDE for side in sides):
        raise BadInput(f"{what} has a side that no array can have")
    shape = tuple(map(int, sides))
    check_shape(what, shape)
    return shape


def _dtype(what: str, descr: str) -> np.dtype[Any]:
    try:
        return np.dtype(descr)
    except TypeError as error:
        raise BadInput(f"{what} has the dtype {shown(descr)}, which numpy does not know") from error


def npy_head(descr: str, shape: tuple[int, ...]) -> bytes:
    """The header of an array, padded so that the elements begin at a multiple of 64."""
    sides = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sides}), }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return MAGIC + b"\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin1")
