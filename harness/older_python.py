"""What Python 3.8 and 3.9 lack, for the code that a worker runs: it may run on an older Python than ours.

Where the running Python has it, its own is used.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

if TYPE_CHECKING:

    @overload
    def strict_zip(one: Iterable[A], two: Iterable[B], /) -> Iterator[tuple[A, B]]: ...
    @overload
    def strict_zip(one: Iterable[A], two: Iterable[B], three: Iterable[C], /) -> Iterator[tuple[A, B, C]]: ...
    @overload
    def strict_zip(*many: Iterable[Any]) -> Iterator[tuple[Any, ...]]: ...
    def strict_zip(*many: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
        """As `zip`, for iterables of one length; ValueError where one ends before another."""

    def pairwise(items: Iterable[T], /) -> Iterator[tuple[T, T]]:
        """Each item with the next one."""


_END = object()


def zip_of_one_length(*many: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """As `zip` with `strict=True`."""
    for row in itertools.zip_longest(*many, fillvalue=_END):
        if any(item is _END for item in row):
            raise ValueError("zip() argument is shorter than another")
        yield row


def neighbours(items: Iterable[T]) -> Iterator[tuple[T, T]]:
    """As `itertools.pairwise`."""
    left, right = itertools.tee(items)
    next(right, None)
    return zip(left, right)


if not TYPE_CHECKING:
    strict_zip = partial(zip, strict=True) if sys.version_info >= (3, 10) else zip_of_one_length
    pairwise = getattr(itertools, "pairwise", neighbours)


def without_prefix(text: str, prefix: str) -> str:
    """As `str.removeprefix`."""
    return text[len(prefix) :] if text.startswith(prefix) else text


def without_suffix(text: str, suffix: str) -> str:
    """As `str.removesuffix`."""
    return text[: len(text) - len(suffix)] if text.endswith(suffix) else text
