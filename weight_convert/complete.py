"""What a state lacks only for where it comes from: counters of batches, scalars without dimensions.

Jittor's own layers have neither, and PyTorch counts batches only since 0.4.1.
"""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from weight_convert.layout import COUNTER, Layout
from weight_convert.manifest import MadeTensor
from weight_convert.state import State
from weight_convert.tensor import Tensor

_VARIANCE = ".running_var"
_REASON = "the source keeps no count of batches, which matters only where a norm's momentum is None"


def add_counters(state: State, wanted: Container[str] | None = None) -> State:
    """Add a count of 0 behind every running variance that has none (of the `wanted` ones, if given).

    Counts of one element, as Jittor must hold them, become scalars.
    """
    tensors: dict[str, Tensor] = {}
    made: list[MadeTensor] = []
    for key, tensor in state.tensors.items():
        is_count = key.rpartition(".")[2] == COUNTER and tensor.shape == (1,)
        tensors[key] = _reshaped(tensor, ()) if is_count else tensor
        counter = f"{key.removesuffix(_VARIANCE)}.{COUNTER}"
        lacking = key.endswith(_VARIANCE) and counter not in state.tensors
        if lacking and (wanted is None or counter in wanted):
            tensors[counter] = Tensor.of(np.zeros((), np.int64))
            made.append(MadeTensor(counter, _REASON))
    completed = state.with_tensors(tensors)
    completed.made += made
    return completed


def fit_scalars(state: State, layout: Layout) -> State:
    """Give entries of one element the shape the model wants, () or (1,)."""
    tensors = dict(state.tensors)
    for key, shape in layout.shapes.items():
        tensor = tensors.get(key)
        if tensor is not None and {tensor.shape, shape} == {(), (1,)}:
            tensors[key] = _reshaped(tensor, shape)
    return state.with_tensors(tensors)


def _reshaped(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    return Tensor(tensor.dtype, shape, lambda: tensor.load().reshape(shape), tensor.memory)
