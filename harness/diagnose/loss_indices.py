"""Hypotheses about a loss: what it takes out of a tensor by an index is another part of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from harness.answers import LossOperation
from harness.requests import Edit

INDEX = "getitem"
_Edits = tuple[str, list[Edit]]
_TAKE_TOGETHER = ("prod", "sum", "mean", "max", "min", "amax", "amin", "norm", "logsumexp")
_SHORT = 4
_FEW, _MOST_COLUMNS = 8, 2  # of an axis whose every number is tried, and whose columns are taken in any order


def edits(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """Edits of one part of one index, each with its words."""
    for one in operations:
        yield from _columns(one)
        index = one.arguments["index"] if one.type == INDEX else []
        for place, now in enumerate(index):
            size = _size(index, place, one.shape)
            if size is None:
                continue
            for value, said in _others(now, size):
                words = f"{one.path} has the index {said} in place of {_shown(now)}, at place {place} of it"
                yield words, [Edit(one.path, "index", place=place, value=value)]


def _columns(one: LossOperation) -> Iterator[_Edits]:
    """Of a short last axis that is taken together, one column is another one, or is missing."""
    size = one.shape[-1] if one.type in _TAKE_TOGETHER and len(one.shape) > 1 else 0
    for place in range(size if 1 < size <= _SHORT else 0):
        for other in range(size):
            columns = [other if column == place else column for column in range(size)]
            words = f"column {place} of input 0 of {one.path} is column {other}: another index (corner, side)"
            if other == place:
                columns.pop(place)
                words = f"column {place} of input 0 of {one.path} is left out: an index is missing"
            yield words, [Edit(one.path, "columns", value=columns)]


def _size(index: Sequence[Any], place: int, shape: Sequence[int]) -> int | None:
    """The length of the axis that a part of an index is about, where plain parts alone say which it is."""
    parts = [part for part in index if part is not None]
    if "other" in parts or index[place] in (None, "..."):
        return None
    before = [part for part in index[:place] if part is not None]
    behind = [part for part in index[place + 1 :] if part is not None]
    axis = len(shape) - 1 - len(behind) if "..." in before else len(before)
    return shape[axis] if 0 <= axis < len(shape) else None


def _others(now: Any, size: int) -> Iterator[tuple[Any, str]]:
    if isinstance(now, int):
        near = range(size) if size <= _FEW else (now - 1, now + 1)
        for value in near:
            if -size <= value < size and value % size != now % size:
                yield value, str(value)
        return
    columns = range(*slice(*now).indices(size))
    tried = {tuple(columns)}
    for moved in _moved(columns, size):
        if tuple(moved) not in tried and len(moved):
            tried.add(tuple(moved))
            part = [moved.start, moved.stop, moved.step]
            yield part, _shown(part)
    if size <= _FEW and 0 < len(columns) <= _MOST_COLUMNS:
        for chosen in product(range(size), repeat=len(columns)):
            if chosen not in tried:
                yield {"columns": list(chosen)}, str(list(chosen))


def _moved(columns: range, size: int) -> Iterator[range]:
    """The same slice farther on, longer, shorter, of the other half, or the other ones of every second."""
    start, stop, step, length = columns.start, columns.stop, columns.step, len(columns)
    for first, last in (
        (start + 1, stop + 1), (start - 1, stop - 1), (start + length, stop + length),
        (start - length, stop - length), (start + 1, stop), (start - 1, stop), (start, stop + 1),
        (start, stop - 1), (stop, size), (0, start),
    ):  # fmt: skip
        if 0 <= first < last <= size:
            yield range(first, last, step)


def _shown(part: Any) -> str:
    if not isinstance(part, list):
        return str(part)
    start, stop, step = ("" if one is None else str(one) for one in part)
    return f"{start}:{stop}" + (f":{step}" if step not in ("", "1") else "")
