"""One tensor of a checkpoint, read when it is needed and handed on block by block."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weight_convert.dtypes import DTYPES, DType, of_numpy, widen_bfloat16

BLOCK = 1 << 20


@dataclass(frozen=True)
class Tensor:
    """A tensor's kind, shape and the way to its bits.

    `load` returns an array of the storage dtype with this shape, in any layout, mostly a view of the
    mapped file. Two tensors with the same `memory` (not None) are the very same elements of the source.
    """

    dtype: str
    shape: tuple[int, ...]
    load: Callable[[], NDArray[Any]] = field(repr=False, compare=False)
    memory: Hashable = field(default=None, repr=False)
    checked: Callable[[], int | None] | None = field(default=None, repr=False, compare=False)
    """The CRC-32 of its bytes, where reading it compares them with one that the file keeps."""

    _crc: list[int] = field(default_factory=list, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, array: NDArray[Any], dtype: str | None = None, memory: Hashable = None) -> Tensor:
        """A tensor made of `array`; `dtype` is needed only for bits that numpy has no name for."""
        kind = DTYPES[dtype] if dtype else of_numpy(array.dtype)
        little = array.astype(kind.storage) if array.dtype.byteorder == ">" else array
        return cls(kind.name, array.shape, lambda: little, memory)

    @property
    def kind(self) -> DType:
        """What kind of numbers it holds."""
        return DTYPES[self.dtype]

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of its elements laid out one after the other."""
        return self.size * self.kind.size

    def bits(self) -> NDArray[Any]:
        """Its elements in their storage dtype (bfloat16 as uint16)."""
        return self.load()

    def values(self) -> NDArray[Any]:
        """Its elements as numbers: bfloat16 becomes float32, which holds every bfloat16 exactly."""
        return widen_bfloat16(self.load()) if self.dtype == "bfloat16" else self.load()

    @property
    def crc(self) -> int:
        """The CRC-32 of its bytes in C order, computed once."""
        if not self._crc:
            self._crc.append(self._compute_crc())
        return self._crc[0]

    def _compute_crc(self) -> int:
        known = self.checked() if self.checked is not None else None
        if known is not None:
            return known
        from isal.isal_zlib import crc32  # a side, which may lack it, needs no checksum

        crc = 0
        for block in self.blocks():
            crc = crc32(block, crc)
        return crc

    def blocks(self) -> Iterator[memoryview]:
        """Its bytes in C order, in blocks of about a megabyte."""
        yield from _blocks(self.load())


def _bytes_of(array: NDArray[Any]) -> memoryview:
    return memoryview(array.reshape(-1).view(np.uint8).data)


def _blocks(array: NDArray[Any]) -> Iterator[memoryview]:
    if array.size == 0:
        return
    if array.flags.c_contiguous:
        whole = _bytes_of(array)
        for start in range(0, len(whole), BLOCK):
            yield whole[start : start + BLOCK]
    elif array.nbytes <= BLOCK:
        yield _bytes_of(np.ascontiguousarray(array))
    else:
        rows = max(1, BLOCK // max(1, array.nbytes // len(array)))
        for start in range(0, len(array), rows):
            part = array[start : start + rows]
            yield from _blocks(part if len(part) > 1 or part.nbytes <= BLOCK else part[0])
