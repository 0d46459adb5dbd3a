"""What a format or framework cannot hold: changed on the way in, brought back on the way out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from weight_convert.dtypes import DTYPES, narrow_to_bfloat16, narrow_to_float16
from weight_convert.layout import COUNTER
from weight_convert.manifest import Manifest
from weight_convert.state import State
from weight_convert.tensor import Tensor

_NO_SCALARS = "Jittor has no arrays without dimensions: stored with one element"


@dataclass(frozen=True)
class Abilities:
    """What a destination can hold."""

    name: str
    dtypes: frozenset[str]
    scalars: bool = True


_ALL = frozenset(DTYPES)
_NUMPY = frozenset(name for name, kind in DTYPES.items() if kind.native)
ABILITIES = {
    "torch": Abilities("torch", _ALL),
    "safetensors": Abilities(
        "safetensors", frozenset(name for name, kind in DTYPES.items() if kind.safetensors)
    ),
    "npz": Abilities("npz", _NUMPY),
    "hdf5": Abilities("hdf5", _NUMPY),
    "jittor": Abilities("jittor", _NUMPY, scalars=False),
}


@dataclass
class Adapted:
    """A state as a format can hold it, and what had to change."""

    tensors: dict[str, Tensor]
    was: dict[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def adapt(state: State, form: str, *, float32: bool = False) -> Adapted:
    """Fit a state to a format. Nothing is lost: `restore` gives back the same bits.

    `float32` widens half and bfloat16 as well; Jittor's parameters take the kind of number that the file has.
    """
    able = ABILITIES[form]
    if float32:
        able = replace(able, dtypes=able.dtypes - {"float16", "bfloat16"})
    made = Adapted({})
    for key, tensor in state.tensors.items():
        made.tensors[key] = _fit(key, tensor, able, made)
    return made


def _fit(key: str, tensor: Tensor, able: Abilities, made: Adapted) -> Tensor:
    fitted, reasons = tensor, []
    if tensor.dtype not in able.dtypes:
        if tensor.dtype not in ("bfloat16", "float16"):
            raise BadInput(
                f"{key!r} is {tensor.dtype}, which {able.name} files cannot hold; choose .pt"
                + ("" if tensor.kind.safetensors is None else " or .safetensors")
            )
        fitted = Tensor("float32", tensor.shape, lambda: tensor.values().astype(np.float32), tensor.memory)
        why = f"{able.name} has no bfloat16" if "float16" in able.dtypes else "asked for"
        reasons.append(f"{why}: stored as float32, exactly")
    if not tensor.shape and not able.scalars:
        inner = fitted
        fitted = Tensor(inner.dtype, (1,), lambda: inner.load().reshape(1), inner.memory)
        ignored = ", which its own BatchNorm ignores" if key.endswith(COUNTER) else ""
        reasons.append(_NO_SCALARS + ignored)
    if reasons:
        made.was[key] = (tensor.dtype, tensor.shape)
        made.reasons[key] = "; ".join(reasons)
    return fitted


def restore(state: State, manifest: Manifest) -> State:
    """Undo what `adapt` did, from its record in the manifest."""
    tensors: dict[str, Tensor] = {}
    for key in [key for key in manifest.entries if key in state.tensors] or state.tensors:
        entry = manifest.entries.get(key)
        tensor = state.tensors[key]
        tensors[key] = _undo(tensor, entry.was) if entry is not None and entry.was is not None else tensor
    for key in state.tensors:
        tensors.setdefault(key, state.tensors[key])
    return _tie(state.with_tensors(tensors), manifest.tied)


def _undo(tensor: Tensor, was: tuple[str, tuple[int, ...]]) -> Tensor:
    dtype, shape = was
    if dtype not in DTYPES or prod(shape) != tensor.size:
        raise BadInput("the file's manifest does not fit its tensors; convert its source again")
    if dtype == tensor.dtype:
        return Tensor(dtype, shape, lambda: tensor.load().reshape(shape), tensor.memory)
    if tensor.dtype != "float32" or dtype not in ("bfloat16", "float16"):
        raise BadInput(f"the file's manifest turns {tensor.dtype} into {dtype}, which no conversion does")

    def narrowed() -> NDArray[Any]:
        wide = tensor.load().reshape(shape)
        bits = narrow_to_bfloat16(wide) if dtype == "bfloat16" else narrow_to_float16(wide)
        if bits is None:
            raise BadInput(f"a tensor that was {dtype} holds other values now; convert its source again")
        return bits

    return Tensor(dtype, shape, narrowed, tensor.memory)


def _tie(state: State, tied: dict[str, str]) -> State:
    """Make keys that were one tensor one again, where their bits are still the same."""
    tensors = dict(state.tensors)
    for key, other in tied.items():
        one, two = tensors.get(key), tensors.get(other)
        if one is None or two is None or (one.dtype, one.shape) != (two.dtype, two.shape):
            continue
        if one.memory is not None and one.memory == two.memory:
            continue
        memory = two.memory if two.memory is not None else ("tied", other)
        if np.array_equal(one.bits().reshape(-1).view(np.uint8), two.bits().reshape(-1).view(np.uint8)):
            tensors[other] = Tensor(two.dtype, two.shape, two.load, memory)
            tensors[key] = Tensor(two.dtype, two.shape, two.load, memory)
    return state.with_tensors(tensors)
