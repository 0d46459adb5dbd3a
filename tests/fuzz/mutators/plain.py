"""Changes of bytes that know nothing of a format, and the numbers that readers stumble over."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Mutator = Callable[[bytes, Random], bytes]
NUMBERS = (
    *(0, 1, -1, 2, 3, 4, 7, 8, 9, 16, 31, 32, 33, 64, 100, 127, 128, 255, 256, 1000, 4096),
    *(32767, 32768, 65535, 65536, 1 << 20, 1 << 24, 1 << 28, 1 << 30),
    *((1 << bits) + step for bits in (31, 32, 40, 48, 62, 63, 64) for step in (-1, 0)),
)
_WIDTHS = (1, 1, 2, 4, 4, 8, 8)
_MOST_COPIES = 64


def some_number(rng: Random) -> int:
    """A number at the edge of what something can hold, or any small one."""
    return rng.choice(NUMBERS) if rng.random() < 0.7 else rng.randrange(300)


def field(rng: Random) -> bytes:
    """A number as a file's field of some width."""
    width = rng.choice(_WIDTHS)
    order = "little" if rng.random() < 0.85 else "big"
    return (some_number(rng) % (1 << 8 * width)).to_bytes(width, order)  # type: ignore[arg-type]


def scramble(data: bytes, rng: Random) -> bytes:
    """The bytes after a few changes."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        _change(made, rng)
    return bytes(made)


def _change(made: bytearray, rng: Random) -> None:
    at = rng.randrange(len(made) + 1)
    length = rng.randrange(1, 41)
    kind = rng.randrange(8)
    if kind <= 2:
        piece = field(rng)
        if rng.random() < 0.5:
            at -= at % len(piece)
        made[at : at + len(piece)] = piece
    elif kind == 3:
        made[at:at] = field(rng)
    elif kind == 4:
        del made[at : at + length]
    elif kind == 5:
        made[at:at] = bytes(made[at : at + length]) * rng.randrange(1, _MOST_COPIES)
    elif kind == 6:
        if at < len(made):
            made[at] ^= 1 << rng.randrange(8)
    elif rng.random() < 0.3:
        del made[at:]


def among(*mutators: Mutator) -> Mutator:
    """One of several ways, chosen anew each time."""

    def mutate(data: bytes, rng: Random) -> bytes:
        return rng.choice(mutators)(data, rng)

    return mutate
