"""The state dict of a model, entry by entry, without its values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Sequence


class StateEntry(NamedTuple):
    """One entry: its key, its shape and dtype, and whether training changes it by a gradient.

    A tensor that a model has under several keys (tied weights) learns under one of them; the others name that
    one in `same_as`.
    """

    key: str
    shape: tuple[int, ...]
    dtype: str
    learns: bool
    same_as: str = ""


StateTable = Sequence[StateEntry]


def read_table(rows: Sequence[Sequence[Any]]) -> list[StateEntry]:
    """A table from JSON; older ones have fewer columns."""
    padded = ((*row, *("", False, "")[len(row) - 2 :]) for row in rows)
    return [
        StateEntry(key, tuple(shape), dtype, bool(learns), str(same_as))
        for key, shape, dtype, learns, same_as in padded
    ]


def tied(named: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Of the keys of tensors that have come before: the key that each had first."""
    first: dict[int, str] = {}
    return {key: first[id(value)] for key, value in named if first.setdefault(id(value), key) != key}


def learning(table: StateTable) -> set[str]:
    """The keys of the entries that training changes by a gradient."""
    return {entry.key for entry in table if entry.learns}


def changing(table: StateTable) -> set[str]:
    """The same with every other key of their tensors: what is left are buffers and frozen parameters."""
    learns = learning(table)
    return learns | {entry.key for entry in table if entry.same_as in learns}


def tied_keys(table: StateTable) -> dict[str, frozenset[str]]:
    """Of each key that shares its tensor with others: all the keys of that tensor."""
    groups: dict[str, set[str]] = {}
    for entry in table:
        groups.setdefault(entry.same_as or entry.key, set()).add(entry.key)
    return {key: frozenset(keys) for keys in groups.values() if len(keys) > 1 for key in keys}
