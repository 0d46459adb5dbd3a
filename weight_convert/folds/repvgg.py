"""RepVGG: a dense 3x3 branch, a 1x1 branch and an identity, each with a batch norm, become one 3x3 kernel."""

from __future__ import annotations

import numpy as np

from harness.errors import BadInput
from harness.older_python import without_suffix
from weight_convert.folds.parts import (
    Float64,
    FoldReport,
    Tensors,
    checked,
    float64,
    norm,
    norm_keys,
    outputs,
    patches,
    replaced,
    rounded,
)

_DENSE, _POINT, _IDENTITY, _FOLDED = ".rbr_dense", ".rbr_1x1", ".rbr_identity", ".rbr_reparam"


def fold_repvgg(tensors: Tensors, eps: float) -> tuple[Tensors, list[FoldReport]]:
    """Fold every block that has a `rbr_dense` branch into `rbr_reparam`."""
    ending = f"{_DENSE}.conv.weight"
    reports = []
    for path in [without_suffix(key, ending) for key in tensors if key.endswith(ending)]:
        tensors, report = _fold(tensors, path, eps)
        reports.append(report)
    return tensors, reports


def _fold(tensors: Tensors, path: str, eps: float) -> tuple[Tensors, FoldReport]:
    dense_key = f"{path}{_DENSE}.conv.weight"
    dense = float64(tensors, dense_key)
    point = float64(tensors, f"{path}{_POINT}.conv.weight")
    if dense.shape[2:] != (3, 3) or point.shape[2:] != (1, 1) or point.shape[:2] != dense.shape[:2]:
        raise BadInput(f"{path!r} is no RepVGG block: kernels {dense.shape} and {point.shape}")
    dense_scale, dense_shift = norm(tensors, f"{path}{_DENSE}.bn", eps)
    point_scale, point_shift = norm(tensors, f"{path}{_POINT}.bn", eps)
    identity_scale, identity_shift = _identity(tensors, path, eps, dense.shape)
    kernel = dense * dense_scale.reshape(-1, 1, 1, 1)
    kernel[:, :, 1, 1] += point[:, :, 0, 0] * point_scale.reshape(-1, 1)
    kernel[:, :, 1, 1] += _identity_kernel(identity_scale, dense.shape)
    dtype = tensors[dense_key].dtype
    folded = rounded(kernel, dtype)
    bias = rounded(dense_shift + point_shift + identity_shift, dtype)

    def unfolded(given: Float64) -> Float64:
        zero = np.zeros(len(dense))
        centre = given[:, :, 1:2, 1:2]
        result = outputs(dense, zero, given) * dense_scale + dense_shift
        result = result + outputs(point, zero, centre) * point_scale + point_shift
        if np.any(identity_scale):
            result = result + centre[:, :, 0, 0] * identity_scale + identity_shift
        return result

    report = checked("repvgg", path, folded, bias, patches(dense.shape), unfolded)
    gone = {dense_key, f"{path}{_POINT}.conv.weight", *norm_keys(path + _IDENTITY)}
    gone |= {*norm_keys(f"{path}{_DENSE}.bn"), *norm_keys(f"{path}{_POINT}.bn")}
    made = {f"{path}{_FOLDED}.weight": folded, f"{path}{_FOLDED}.bias": bias}
    return replaced(tensors, gone, made, dense_key), report


def _identity(tensors: Tensors, path: str, eps: float, shape: tuple[int, ...]) -> tuple[Float64, Float64]:
    """Scale and shift of the identity branch; zero where the block has none."""
    if f"{path}{_IDENTITY}.running_var" not in tensors:
        return np.zeros(shape[0]), np.zeros(shape[0])
    if shape[0] != shape[1]:
        raise BadInput(
            f"{path!r} has an identity branch but {shape[1]} inputs and {shape[0]} outputs per group"
        )
    return norm(tensors, path + _IDENTITY, eps)


def _identity_kernel(scale: Float64, shape: tuple[int, ...]) -> Float64:
    return np.diag(scale) if shape[0] == shape[1] else np.zeros(shape[:2])
