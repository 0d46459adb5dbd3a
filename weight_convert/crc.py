"""The CRC-32 of a run of bytes, and of two that follow each other from the CRC-32 of each.

The first is the one of isal, which gives what zlib's gives and is five times as quick.
Appending n bytes multiplies a checksum by x to the power 8n, modulo the CRC's polynomial over GF(2).
Polynomials are held as zlib holds them: the highest bit is the coefficient of x to the power 0.
"""

from __future__ import annotations

from functools import lru_cache

from isal.isal_zlib import crc32

__all__ = ["crc32", "crc_of_both"]

_POLYNOMIAL = 0xEDB88320
_ONE, _X = 1 << 31, 1 << 30


def crc_of_both(first: int, second: int, length: int) -> int:
    """The CRC-32 of a run of bytes followed by another of `length` bytes."""
    return _product(_power_of_x(8 * length), first) ^ second


def _product(one: int, other: int) -> int:
    product = 0
    while one:
        if one & _ONE:
            product ^= other
        one = one << 1 & 0xFFFFFFFF
        other = other >> 1 ^ (_POLYNOMIAL if other & 1 else 0)
    return product


@lru_cache(maxsize=4096)
def _power_of_x(exponent: int) -> int:
    power, square = _ONE, _X
    while exponent:
        if exponent & 1:
            power = _product(power, square)
        square = _product(square, square)
        exponent >>= 1
    return power
