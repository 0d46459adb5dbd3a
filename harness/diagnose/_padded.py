"""What a padding comes to, in words: the sizes, and the multiples to which it may have been meant."""

from __future__ import annotations

from collections.abc import Sequence

_MULTIPLES = (4, 8, 16, 32, 64, 128, 256)
_MOST_TOLD = 3


def multiples(given: Sequence[int], made: Sequence[int]) -> list[int]:
    """Powers of two to whose next multiple some sizes are padded, all of them by the same one."""
    if list(given) == list(made):
        return []
    return [
        one for one in _MULTIPLES if all(-(-a // one) * one == b for a, b in zip(given, made, strict=True))
    ]


def said_of_sizes(given: Sequence[int], made: Sequence[int], right: Sequence[int]) -> str:
    """From which sizes to which, and to which multiples that is; what is right where that is another size."""
    instead = f", not {_sizes(right)}" if list(right) not in (list(made), list(given)) else ""
    words = f"{_sizes(given)} becomes {_sizes(made)}{instead}"
    ours, its = (multiples(given, sizes) for sizes in (right, made))
    if its and (ours or list(right) == list(given)):  # else the reference pads by no such rule
        words += f", as a padding to a multiple of {_listed(its)} makes it"
        words += f" (the reference's: of {_listed(ours)})" if ours else ""
    return words


def _sizes(sizes: Sequence[int]) -> str:
    return "x".join(map(str, sizes))


def _listed(numbers: Sequence[int]) -> str:
    return " or ".join(map(str, numbers[:_MOST_TOLD]))
