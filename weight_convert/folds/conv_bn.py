"""A convolution followed by a batch norm becomes one convolution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.older_python import without_suffix
from weight_convert.folds.parts import (
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

_CONV, _NORM = ".conv", ".bn"


def fold_conv_bn(
    tensors: Tensors, eps: float, wanted: Callable[[str], bool] = lambda path: True
) -> tuple[Tensors, list[FoldReport]]:
    """Fold `Q.bn` into `Q.conv` for every wanted Q that has both; `Q.conv` gets a bias."""
    reports = []
    for path in _places(tensors):
        if wanted(path):
            tensors, report = _fold(tensors, path, eps)
            reports.append(report)
    return tensors, reports


def _places(tensors: Tensors) -> list[str]:
    ending = f"{_CONV}.weight"
    paths = [without_suffix(key, ending) for key in tensors if key.endswith(ending)]
    return [path for path in paths if f"{path}{_NORM}.running_var" in tensors]


def _fold(tensors: Tensors, path: str, eps: float) -> tuple[Tensors, FoldReport]:
    weight_key, bias_key = f"{path}{_CONV}.weight", f"{path}{_CONV}.bias"
    kernel = float64(tensors, weight_key)
    bias = float64(tensors, bias_key) if bias_key in tensors else np.zeros(len(kernel))
    scale, shift = norm(tensors, path + _NORM, eps)
    dtype = tensors[weight_key].dtype
    folded = rounded(kernel * scale.reshape(-1, *[1] * (kernel.ndim - 1)), dtype)
    new_bias = rounded(bias * scale + shift, dtype)
    report = checked(
        "conv_bn",
        path,
        folded,
        new_bias,
        patches(kernel.shape),
        lambda given: outputs(kernel, bias, given) * scale + shift,
    )
    gone = {weight_key, bias_key, *norm_keys(path + _NORM)}
    return replaced(tensors, gone, {weight_key: folded, bias_key: new_bias}, weight_key), report
