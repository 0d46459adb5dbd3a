"""LED's RepNR: a main kernel behind a per-camera scale and shift, plus an auxiliary kernel, become one.

With scale a and shift d per input channel, main W and b, auxiliary A and beta:
weight = W * a + A, bias = b + sum(W * d) + beta.
"""

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
    outputs,
    patches,
    replaced,
    rounded,
)

_MAIN = ".main_weight"


def fold_repnr(tensors: Tensors, branch: int = -1) -> tuple[Tensors, list[FoldReport]]:
    """Fold every RepNR convolution at one camera (-1: the last, the new camera). All other entries stay.

    A convolution that had no bias gets one only where the folded bias is not zero.
    """
    reports = []
    for path in [without_suffix(key, _MAIN) for key in tensors if key.endswith(_MAIN)]:
        tensors, report = _fold(tensors, path, branch)
        reports.append(report)
    return tensors, reports


def _fold(tensors: Tensors, path: str, branch: int) -> tuple[Tensors, FoldReport]:
    main, dtype = float64(tensors, path + _MAIN), tensors[path + _MAIN].dtype
    scale, shift = (
        _camera(tensors, path, "align_weights", branch),
        _camera(tensors, path, "align_biases", branch),
    )
    auxiliary = _optional(tensors, f"{path}.aux_weight", main.shape)
    main_bias = _optional(tensors, f"{path}.main_bias", main.shape[:1])
    auxiliary_bias = _optional(tensors, f"{path}.aux_bias", main.shape[:1])
    folded = rounded(main * scale + auxiliary, dtype)
    total = main_bias + (main * shift).sum(axis=(1, 2, 3)) + auxiliary_bias
    bias = rounded(total, dtype) if f"{path}.main_bias" in tensors or np.any(total) else None

    def unfolded(given: Float64) -> Float64:
        return outputs(main, main_bias, given * scale + shift) + outputs(auxiliary, auxiliary_bias, given)

    report = checked("repnr", path, folded, bias, patches(main.shape), unfolded)
    made = {f"{path}.weight": folded, **({f"{path}.bias": bias} if bias is not None else {})}
    gone = {f"{path}.{leaf}" for leaf in ("main_weight", "main_bias", "aux_weight", "aux_bias")}
    gone |= {key for key in tensors if key.startswith((f"{path}.align_weights.", f"{path}.align_biases."))}
    return replaced(tensors, gone, made, path + _MAIN), report


def _camera(tensors: Tensors, path: str, holder: str, branch: int) -> Float64:
    count = 0
    while f"{path}.{holder}.{count}" in tensors:
        count += 1
    if not -count <= branch < count:
        raise BadInput(f"{path!r} has {count} cameras in {holder}; there is no camera {branch}")
    return float64(tensors, f"{path}.{holder}.{branch % count}")


def _optional(tensors: Tensors, key: str, shape: tuple[int, ...]) -> Float64:
    return float64(tensors, key) if key in tensors else np.zeros(shape)
