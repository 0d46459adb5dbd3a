"""Checksums of joined bytes, held against zlib's own."""

from __future__ import annotations

import zlib

import pytest

from weight_convert.crc import crc_of_both


@pytest.mark.parametrize("first", [b"", b"\x00", b"head of an array", bytes(range(256)) * 33])
@pytest.mark.parametrize("second", [b"", b"\xff", b"its elements" * 1001, bytes(1 << 20)])
def test_a_checksum_of_both_is_that_of_the_whole(first: bytes, second: bytes) -> None:
    assert crc_of_both(zlib.crc32(first), zlib.crc32(second), len(second)) == zlib.crc32(first + second)
