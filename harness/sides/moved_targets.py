"""What a loss compares, compared one place farther on, or put in a row in another order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


def mean_of_lines(
    function: Callable[..., Any],
    tensors: Sequence[Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    lines: int,
) -> Any:
    """The mean of what a loss is of each of so many lines, of which scores and targets are one row."""
    length = tensors[1].shape[0] // lines
    total: Any = 0.0
    for line in range(lines):
        part = [one[line * length : (line + 1) * length] for one in tensors[:2]]
        total = total + function(*part, *args[2:], **kwargs)
    return total / lines


def _cut(tensor: Any, step: int) -> Any:
    kept = tensor[:, step:] if step > 0 else tensor[:, :step]
    return kept.reshape(-1, *tensor.shape[2:])


def column_by_column(tensor: Any, lines: int) -> Any:
    """A row of so many lines, put in a row column by column."""
    wide = tensor.reshape(lines, tensor.shape[0] // lines, *tensor.shape[1:])
    return wide.transpose(0, 1).reshape(tensor.shape)
