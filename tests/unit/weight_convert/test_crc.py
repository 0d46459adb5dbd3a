"""Checksums, held against zlib's own."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from weight_convert.crc import crc32, crc_of_both
from weight_convert.tensor import Tensor


@pytest.mark.parametrize("first", [b"", b"\x00", b"head of an array", bytes(range(256)) * 33])
@pytest.mark.parametrize("second", [b"", b"\xff", b"its elements" * 1001, bytes(1 << 20)])
def test_a_checksum_of_both_is_that_of_the_whole(first: bytes, second: bytes) -> None:
    assert crc_of_both(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)


@pytest.mark.parametrize("length", [0, 1, 15, 16, 255, 4097, 1 << 20])
def test_a_checksum_is_zlibs(length: int) -> None:
    data = np.random.default_rng(length).bytes(length)
    assert crc32(data) == zlib.crc32(data)
    assert crc32(memoryview(data)[length // 3 :], crc32(data[: length // 3])) == zlib.crc32(data)


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
