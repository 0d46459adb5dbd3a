"""What the folds share: float64 views of entries, batch norms as scale and shift, the check on patches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Dict

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from weight_convert.dtypes import narrow_to_bfloat16
from weight_convert.tensor import Tensor

Float64 = NDArray[np.float64]
Tensors = Dict[str, Tensor]

NORM = ("weight", "bias", "running_mean", "running_var")
COUNTER = "num_batches_tracked"
_PATCHES = 8
_ALLOWED = {"float64": 1e-12, "float32": 1e-5, "float16": 2e-2, "bfloat16": 1e-1}


@dataclass(frozen=True)
class FoldReport:
    """One fold: its kind, where, and the relative distance of the folded output from the unfolded one."""

    kind: str
    at: str
    error: float


def float64(tensors: Mapping[str, Tensor], key: str) -> Float64:
    """An entry as float64."""
    if key not in tensors:
        raise BadInput(f"folding needs {key!r}, which the state does not have")
    return np.asarray(tensors[key].values(), dtype=np.float64)


def norm(tensors: Mapping[str, Tensor], path: str, eps: float) -> tuple[Float64, Float64]:
    """A batch norm in evaluation as scale and shift per channel."""
    weight, bias, mean, variance = (float64(tensors, f"{path}.{leaf}") for leaf in NORM)
    scale = weight / np.sqrt(variance + eps)
    return scale, bias - mean * scale


def norm_keys(path: str) -> list[str]:
    """The keys of a batch norm."""
    return [f"{path}.{leaf}" for leaf in (*NORM, COUNTER)]


def rounded(array: Float64, dtype: str) -> Tensor:
    """A result as the kind of number that the kernel had."""
    if dtype == "bfloat16":
        return Tensor.of(_round_to_bfloat16(array), "bfloat16")
    return Tensor.of(array.astype(dtype))


def _round_to_bfloat16(array: Float64) -> NDArray[np.uint16]:
    """Round to nearest, ties to even, on the upper half of float32."""
    bits = np.ascontiguousarray(array, dtype=np.float32).view(np.uint32)
    up = ((bits >> 16) & 1) + np.uint32(0x7FFF)
    result = narrow_to_bfloat16(((bits + up) & np.uint32(0xFFFF0000)).view(np.float32))
    assert result is not None
    return result


def patches(shape: tuple[int, ...]) -> Float64:
    """Random input patches under a kernel of shape (out, in, ...)."""
    return np.random.default_rng(0).standard_normal((_PATCHES, *shape[1:]))


def outputs(kernel: Float64, bias: Float64, given: Float64) -> Float64:
    """What a convolution returns at each patch: (patches, out)."""
    flat = kernel.reshape(len(kernel), -1)
    result: Float64 = given.reshape(len(given), -1) @ flat.T + bias
    return result


def checked(
    kind: str,
    at: str,
    kernel: Tensor,
    bias: Tensor | None,
    given: Float64,
    unfolded: Callable[[Float64], Float64],
) -> FoldReport:
    """Compare the folded kernel's outputs with the unfolded ones; refuse a fold that is off."""
    shift = np.zeros(kernel.shape[0]) if bias is None else np.asarray(bias.values(), np.float64)
    ours = outputs(np.asarray(kernel.values(), np.float64), shift, given)
    theirs = unfolded(given)
    error = float(np.linalg.norm(ours - theirs) / max(float(np.linalg.norm(theirs)), 1e-300))
    if not error <= _ALLOWED.get(kernel.dtype, 1e-5):
        raise BadInput(
            f"folding {kind} at {at!r} changes the output by {error:.1e}; the weights may not be finite"
        )
    return FoldReport(kind, at, error)


def replaced(tensors: Tensors, gone: set[str], made: dict[str, Any], at: str) -> Tensors:
    """The entries without `gone`; `made` stands where the first of them, or `at`, stood."""
    result: Tensors = {}
    placed = False
    for key, tensor in tensors.items():
        if not placed and (key in gone or key == at):
            result.update(made)
            placed = True
        if key not in gone and key not in made:
            result[key] = tensor
    return result
