"""A loss computed for each sample by itself, beside the loss of the whole batch, while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.sides.recorder import flatten, map_tensors

_REDUCE = ("sum", "mean")


class SamplesAlone:
    """What reductions to one number, and all that is computed of these, are for each sample."""

    def __init__(self, is_tensor: Callable[[Any], bool]) -> None:
        self.is_tensor = is_tensor
        self.known: dict[int, tuple[Any, Any]] = {}  # with itself, so that its number stays its own

    def of(
        self,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        result: Any,
    ) -> Any | None:
        """One number for each sample where the result is one number; None where that has no meaning."""
        if not self.is_tensor(result) or _size(result) != 1:
            return None
        tensors = [tensor for _, tensor in flatten((args, dict(kwargs)), self.is_tensor)]
        if name in _REDUCE and len(tensors) == 1 and len(tensors[0].shape) > 1:
            found = getattr(tensors[0], name)(tuple(range(1, len(tensors[0].shape))))
        elif any(id(tensor) in self.known for tensor in tensors) and _all_numbers(tensors):
            given = map_tensors((args, dict(kwargs)), self.is_tensor, self._alone)
            found = function(*given[0], **given[1])
        else:
            return None
        self.known[id(result)] = (result, found)
        return found

    def _alone(self, key: str, tensor: Any) -> Any:
        return self.known[id(tensor)][1] if id(tensor) in self.known else tensor


def _all_numbers(tensors: list[Any]) -> bool:
    return all(_size(tensor) == 1 for tensor in tensors)


def _size(tensor: Any) -> int:
    size = 1
    for length in tensor.shape:
        size *= int(length)
    return size
