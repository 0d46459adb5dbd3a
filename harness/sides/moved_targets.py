"""What a loss compares, compared one place farther on, or put in a row in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def shifted(tensors: Sequence[Any], lines: int, step: int) -> list[Any]:
    """Scores and targets, each a row of so many lines: every target goes with another place's scores.

    With a step of 1 it is the place before, with -1 the one behind; what has none at its end is left out.
    """
    scores, targets, *rest = tensors
    length = targets.shape[0] // lines
    parts = [part.reshape(lines, length, *part.shape[1:]) for part in (scores, targets)]
    scores, targets = (_cut(part, step if place else -step) for place, part in enumerate(parts))
    return [scores, targets, *rest]


def _cut(tensor: Any, step: int) -> Any:
    kept = tensor[:, step:] if step > 0 else tensor[:, :step]
    return kept.reshape(-1, *tensor.shape[2:])


def column_by_column(tensor: Any, lines: int) -> Any:
    """A row of so many lines, put in a row column by column."""
    wide = tensor.reshape(lines, tensor.shape[0] // lines, *tensor.shape[1:])
    return wide.transpose(0, 1).reshape(tensor.shape)
