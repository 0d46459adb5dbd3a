"""Tensors and their checksums, held against zlib's own."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from weight_convert.tensor import Tensor


@pytest.mark.parametrize("length", [0, 1, 15, 16, 255, 4097, 1 << 20, (3 << 20) + 1])
def test_a_checksum_is_zlibs(length: int) -> None:
    data = np.random.default_rng(length).integers(0, 256, length, np.uint8)
    assert Tensor.of(data).crc == zlib.crc32(data)


def test_two_threads_compute_a_tensors_checksum_once(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks, begun, go = Tensor.blocks, threading.Event(), threading.Event()
    computed: list[str] = []

    def slow(self: Tensor) -> Iterator[memoryview]:
        computed.append(threading.current_thread().name)
        begun.set()
        assert go.wait(60)
        yield from blocks(self)

    monkeypatch.setattr(Tensor, "blocks", slow)
    array, found = np.arange(1000.0), []
    tensor, other = Tensor.of(array), Tensor.of(array)
    threads = [threading.Thread(target=lambda: found.append(tensor.crc)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    monkeypatch.undo()
    assert other.crc == zlib.crc32(array.tobytes())  # which waits for no other tensor's
    go.set()
    for thread in threads:
        thread.join()
    assert found == [other.crc, other.crc]
    assert len(computed) == 1
