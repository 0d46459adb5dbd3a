"""Tensors and their checksums, held against zlib's own."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from weight_convert.tensor import Tensor


@pytest.mark.parametrize("length", [0, 1, 15, 16, 255, 4097, 1 << 20, (3 << 20) + 1])
def test_a_checksum_is_zlibs(length: int) -> None:
    data = np.random.default_rng(length).integers(0, 256, length, np.uint8)
    assert Tensor.of(data).crc == zlib.crc32(data)


def test_a_checksum_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    array, computed = np.arange(1000.0), []
    blocks = Tensor.blocks

    def counted(self: Tensor) -> Iterator[memoryview]:
        computed.append(self)
        yield from blocks(self)

    monkeypatch.setattr(Tensor, "blocks", counted)
    tensor = Tensor.of(array)
    assert (tensor.crc, tensor.crc) == (zlib.crc32(array.tobytes()),) * 2
    assert len(computed) == 1
