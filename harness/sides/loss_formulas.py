"""Small formulas that a loss may have in the place of one of its operations, for tensors of any framework."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_ROW_OF_COLUMNS = "columns"


def distance(kind: str, value: float, gap: Any) -> Any:
    """A distance of each element: `smooth_l1` (beta), `huber` (delta), `charbonnier` (eps), and others."""
    size = gap.abs()
    if kind == "charbonnier":
        return (gap * gap + value).sqrt()
    if kind == "negative_log":
        return -(gap + value).log()
    if kind == "log1p":
        return (size + 1.0).log()
    if kind == "log_cosh":
        return size + ((size * -2.0).exp() + 1.0).log() - 0.6931471805599453
    near = size.clamp(0.0, value)
    found = near * (size - near * 0.5)
    return found / value if kind == "smooth_l1" else found


def distance_for(
    kind: str, value: float, tensors: Sequence[Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Any:
    """The same for what an operation is given: one difference, or two tensors and how to reduce them."""
    if len(tensors) == 1:
        return distance(kind, value, tensors[0])
    found = distance(kind, value, tensors[0] - tensors[1])
    reduction = kwargs.get("reduction") or next((one for one in args if isinstance(one, str)), "mean")
    return found if reduction == "none" else getattr(found, reduction)()


def fitting(function: Callable[..., Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the arguments by name that a function takes; all of them where it does not tell."""
    try:
        takes = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return dict(kwargs)
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in takes.values()):
        return dict(kwargs)
    return {name: value for name, value in kwargs.items() if name in takes}


def described_index(index: Any) -> list[Any]:
    """An index as plain values: a number, a slice as three numbers, `...`, None, or `other`."""
    return [_described(one) for one in _parts(index)]


def _parts(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def _described(one: Any) -> Any:
    if one is None or (isinstance(one, int) and not isinstance(one, bool)):
        return one
    if one is Ellipsis:
        return "..."
    if isinstance(one, slice):
        plain = [one.start, one.stop, one.step]
        return plain if all(part is None or isinstance(part, int) for part in plain) else "other"
    return "other"


def with_index(index: Any, place: int, value: Any) -> Any:
    """The index with another part: a number, a slice as its three numbers, or a list of columns."""
    parts = list(_parts(index))
    if isinstance(value, dict):
        parts[place] = list(value[_ROW_OF_COLUMNS])
    else:
        parts[place] = slice(*value) if isinstance(value, (list, tuple)) else value
    return tuple(parts)
