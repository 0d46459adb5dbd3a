"""The state dict of a model, entry by entry, without its values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class StateEntry(NamedTuple):
    """One entry: its key, its shape and dtype, and whether training changes it by a gradient."""

    key: str
    shape: tuple[int, ...]
    dtype: str
    learns: bool


StateTable = Sequence[StateEntry]


def read_table(rows: Sequence[Sequence[Any]]) -> list[StateEntry]:
    """A table from JSON."""
    padded = ((*row, "", False)[:4] if len(row) < 4 else row for row in rows)
    return [StateEntry(key, tuple(shape), dtype, bool(learns)) for key, shape, dtype, learns in padded]


def learning(table: StateTable) -> set[str]:
    """The keys of the entries that training changes by a gradient."""
    return {entry.key for entry in table if entry.learns}
