"""Hypotheses about a loss: a function stands before one of its operations that the reference has not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from harness.answers import LossOperation
from harness.diagnose.losses import KIN, OF_LABELS
from harness.requests import Edit

_Edits = tuple[str, list[Edit]]
_FUNCTIONS: tuple[tuple[str, tuple[Any, ...], str], ...] = (
    ("neg", (), "is negated before: its sign is the opposite one"),
    ("__rsub__", (1.0,), "is taken from 1 before (1 minus it)"),
    ("mul", (2.0,), "is doubled before (times 2)"),
    ("mul", (0.5,), "is halved before (times 0.5)"),
    ("relu", (), "goes through relu before: what is below 0 is cut off"),
    ("tanh", (), "goes through tanh before"),
)
_MORE: tuple[tuple[str, tuple[Any, ...], str], ...] = (
    ("sigmoid", (), "goes through sigmoid before"),
    ("square", (), "is squared before"),
    ("sqrt", (), "is replaced by its square root"),
    ("abs", (), "goes through abs before"),
    ("exp", (), "goes through exp before"),
    ("log", (), "goes through log before"),
    ("clamp", (0.0, 1.0), "is clamped between 0 and 1 before"),
)
_AFTER = (
    ("sqrt", "its square root is taken"),
    ("square", "it is squared"),
    ("log", "its logarithm is taken"),
    ("exp", "it goes through exp"),
    ("abs", "its absolute value is taken"),
)
_SHARES = ("softmax", "log_softmax")
_NORMALISE = ("div",)
_LARGE = 1e30


def edits(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """Edits of one input of one operation, each with its words."""
    for one in operations:
        for place in range(one.tensors):
            said = f"input {place} of {one.path}"
            for function, value, words in _FUNCTIONS:
                yield f"{said} {words}", [_before(one, place, function, *value)]
        if one.made is not None and math.prod(one.made.shape) == 1:
            for function, words in _AFTER:
                yield f"behind {one.path}, {words}", [Edit(one.path, "after", function=function)]
        yield from _shares(one)
        yield from _labels(one)
        if one.type in _NORMALISE and one.tensors == 2:
            words = f"input 1 of {one.path} is clamped to 1 at least before"
            yield words, [_before(one, 1, "clamp", 1.0, _LARGE)]


def in_all_uses(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """The same before every operation that takes one tensor, where several do."""
    uses: dict[str, list[tuple[LossOperation, int]]] = {}
    for one in operations:
        for place, tensor in enumerate(one.given):
            uses.setdefault(tensor.name, []).append((one, place))
    for name, takers in uses.items():
        several = 1 < len(takers) == len({one.path for one, _ in takers})
        for function, value, words in (*_FUNCTIONS, *_MORE) if several else ():
            places = " and ".join(f"input {place} of {one.path}" for one, place in takers)
            said = f"{name}, which is {places}, {words}"
            yield said, [_before(one, place, function, *value) for one, place in takers]


def _before(one: LossOperation, place: int, function: str, *value: Any) -> Edit:
    return Edit(one.path, "before", function=function, value=list(value) or None, place=place)


def _shares(one: LossOperation) -> Iterator[_Edits]:
    """Shares along an axis, or their logarithms; the sum of shares is only one."""
    if one.type in KIN[0]:
        if one.made is not None and math.prod(one.made.shape) > 1:
            words = f"the result of {one.path} is 1 everywhere: it has no weight (not weighted)"
            yield words, [Edit(one.path, "ones")]
        return
    for place, tensor in enumerate(one.given):
        rank = len(tensor.shape)
        for axis in dict.fromkeys((rank - 1, 1) if rank > 1 else ()):
            for function in _SHARES:
                words = f"input {place} of {one.path} goes through {function} over axis {axis} before"
                yield words, [_before(one, place, function, axis)]


def _labels(one: LossOperation) -> Iterator[_Edits]:
    """Labels counted from another number."""
    of_rows = one.type in OF_LABELS and len(one.given) > 1 and len(one.shape) == 2
    for step in (1, -1) if of_rows else ():
        words = f"the labels (input 1) of {one.path} are {'one more' if step > 0 else 'one less'}: off by one"
        yield words, [Edit(one.path, "labels", value=[step, one.shape[1]], place=1)]
    if of_rows and "reduction" in one.takes:
        count = one.shape[0]
        words = (
            f"{one.path} is a sum over all {count} labels by their number: those left out count, too (mean)"
        )
        yield words, [Edit(one.path, "over all", value=count)]
