"""Reads and writes checkpoints of PyTorch and Jittor, using neither, and moves weights between them."""

from __future__ import annotations

from weight_convert.convert import Report, Request, convert
from weight_convert.reading import read_state
from weight_convert.state import State
from weight_convert.tensor import Tensor
from weight_convert.writing import write_state

__all__ = ["Report", "Request", "State", "Tensor", "convert", "read_state", "write_state"]
