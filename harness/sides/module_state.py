"""What modules hold, to be put back after code of theirs ran that may have changed it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from harness.sides.side import Side

_OF_A_MODULE = ("_buffers", "_parameters", "_modules")
_CONTAINERS = (dict, list, set)


class ModuleState:
    """The attributes of modules, what is in their lists and dicts, and the values of their tensors."""

    def __init__(self, side: Side, modules: Iterable[Any]) -> None:
        modules = list(modules)
        self._side = side
        self._holders = [(holder, holder.copy()) for module in modules for holder in _holders(module)]
        held = {id(tensor): tensor for module in modules for tensor in _tensors(side, module)}
        self._tensors = {str(number): tensor for number, tensor in enumerate(held.values())}
        self._arrays = {name: side.tensors.to_array(one).copy() for name, one in self._tensors.items()}
        self._versions = self._counted()

    def put_back(self) -> None:
        """All of it as it was."""
        for holder, kept in self._holders:
            holder.clear()
            (holder.extend if isinstance(holder, list) else holder.update)(kept)
        changed = {name: self._arrays[name] for name in self._tensors if self._is_changed(name)}
        if changed:
            self._side.fill(self._tensors, changed)
            self._versions = self._counted()

    def _is_changed(self, name: str) -> bool:
        """A parameter that learns is large, and counts how often it is changed; a norm counts nothing."""
        tensor = self._tensors[name]
        if getattr(tensor, "requires_grad", False) and self._versions[name] is not None:
            return bool(tensor._version != self._versions[name])
        return not np.array_equal(self._side.tensors.to_array(tensor), self._arrays[name], equal_nan=True)

    def _counted(self) -> dict[str, Any]:
        """How often each tensor was changed in place; None where the framework does not count it."""
        return {name: getattr(tensor, "_version", None) for name, tensor in self._tensors.items()}


def _holders(module: Any) -> Iterator[Any]:
    """The attributes of a module, and those of them that hold something themselves."""
    own = vars(module)
    yield own
    for name, value in own.items():
        if isinstance(value, _CONTAINERS) and (name in _OF_A_MODULE or not name.startswith("_")):
            yield value


def _tensors(side: Side, module: Any) -> Iterator[Any]:
    own = vars(module)
    for value in (*own.values(), *own.get("_parameters", {}).values(), *own.get("_buffers", {}).values()):
        if side.tensors.is_tensor(value):
            yield value
