"""Reads and writes checkpoints of PyTorch and Jittor, using neither, and moves weights between them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weight_convert.converting import ConversionReport, ConversionRequest, convert
    from weight_convert.reading import read_state
    from weight_convert.state import State
    from weight_convert.tensor import Tensor
    from weight_convert.writing import write_state

__all__ = ["ConversionReport", "ConversionRequest", "State", "Tensor", "convert", "read_state", "write_state"]

_MODULES = {
    "ConversionReport": "converting", "ConversionRequest": "converting", "convert": "converting",
    "read_state": "reading", "State": "state", "Tensor": "tensor", "write_state": "writing",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import what is asked for; the command has begun to read its source by then."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
