"""Containers whose slices, switches and loading are torch's."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import jittor as jt

from ports_jittor.torchlike.module import Module


class Sequential(jt.nn.Sequential, Module):
    """torch.nn.Sequential: a slice is a Sequential again (Jittor: a list)."""

    def __getitem__(self, index: int | str | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self.layers.items())[index]))
        return super().__getitem__(index)


class ModuleList(Sequential):
    """torch.nn.ModuleList: modules by number, not to be called itself."""

    def __init__(self, modules: Iterable[jt.nn.Module] = ()) -> None:
        super().__init__(list(modules))

    def __getitem__(self, index: int | str | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return super().__getitem__(index)

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} cannot be called")

    def extend(self, modules: Iterable[jt.nn.Module]) -> ModuleList:
        """Append each of these."""
        for module in modules:
            self.append(module)
        return self


class ModuleDict(ModuleList):
    """torch.nn.ModuleDict, which Jittor lacks."""

    def __init__(self, modules: Mapping[str, jt.nn.Module] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def __setitem__(self, name: str, module: jt.nn.Module) -> None:
        self.add_module(name, module)

    def __contains__(self, name: str) -> bool:
        return name in self.layers

    def __iter__(self) -> Any:
        return iter(self.layers)

    def update(self, modules: Mapping[str, jt.nn.Module]) -> None:
        """Add or replace each of these."""
        for name, module in modules.items():
            self[name] = module
