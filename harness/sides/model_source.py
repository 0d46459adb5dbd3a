"""Where a side's network comes from: a module that offers `build` and `losses`, or one class of a module."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from harness import own_packages
from harness.errors import BadInput


class ModelSource(Protocol):
    """What a pair's `reference` and `port` are."""

    def build(self, variant: str, **options: Any) -> Any:
        """The network of a variant."""

    def losses(self, outputs: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Named scalars of what it returned; the first one is back-propagated."""


class ClassSource:
    """A class alone. Its loss is the mean of the squares of all its float outputs."""

    def __init__(self, network: Any, is_tensor: Any) -> None:
        self._network, self._is_tensor = network, is_tensor

    def build(self, variant: str, **options: Any) -> Any:
        """The class called with the options; there is one variant."""
        takes = inspect.signature(self._network)
        try:
            takes.bind(**options)
        except TypeError as error:
            name = getattr(self._network, "__name__", "the class")
            raise BadInput(f"{name}{takes} cannot be made with {options}: {error}") from error
        return self._network(**options)

    def losses(self, outputs: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """One scalar that every float output has a share in."""
        from harness.sides.recorder import flatten

        found = [tensor for _, tensor in flatten(outputs, self._is_tensor) if "float" in str(tensor.dtype)]
        if not found:
            raise BadInput("no output is a float tensor, so nothing can be back-propagated; use mode eval")
        return {"mean_square": sum((tensor * tensor).mean() for tensor in found)}


def model_source(name: str, is_tensor: Any) -> Any:
    """The module of that name, or of `MODULE:CLASS` its class."""
    module, colon, attribute = name.partition(":")
    if not colon:
        return import_module(module)
    try:
        loaded = import_module(module)
    except ImportError as error:
        raise BadInput(
            f"the module {module} cannot be imported: {error}{own_packages.clash(error)}. "
            f"Looked in {Path.cwd()} and in what is installed"
        ) from error
    found = getattr(loaded, attribute, None)
    if not callable(found):
        classes = sorted(key for key, value in vars(loaded).items() if isinstance(value, type))
        has = f"it has {', '.join(classes[:20])}" if classes else "it has no class at all"
        raise BadInput(f"the module {module} has no class {attribute}; {has}")
    return ClassSource(found, is_tensor)
