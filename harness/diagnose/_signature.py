"""What an error looks like, where no hypothesis fits."""

from __future__ import annotations

import numpy as np

from harness.diagnose._evidence import Array

_SAME = 1e-3
_CHANNELS = 1


def signature(reference: Array, port: Array) -> tuple[str, ...]:
    """The traits of an error that the knowledge base knows as signs, the most specific first."""
    if reference.shape != port.shape:
        return ("another shape",)
    with np.errstate(all="ignore"):
        ours, its = reference.astype(np.float64), port.astype(np.float64)
        if not (np.isfinite(ours).all() and np.isfinite(its).all()):
            return ("not finite",)
        error = its - ours
    largest = float(np.max(np.abs(error), initial=0.0))
    if largest == 0:
        return ()
    if not its.any():
        return ("missing",)
    wrong = np.abs(error) > 1e-3 * largest
    found = [
        name
        for name, holds in (
            ("constant per channel", _per_channel(error)),
            ("negative values", _only(wrong, ours <= 0)),
            ("borders", _at_borders(wrong)),
            ("few elements", wrong.mean() < 0.01),
            ("scaled", _correlates(error, ours)),
            ("grows with magnitude", _grows(error, ours)),
            ("a permutation", np.allclose(np.sort(ours, None), np.sort(its, None), rtol=1e-4, atol=1e-6)),
        )
        if holds
    ]
    return tuple(found) or ("everywhere",)


def _per_channel(error: Array) -> bool:
    if error.ndim <= _CHANNELS + 1:
        return False
    axes = tuple(axis for axis in range(error.ndim) if axis != _CHANNELS)
    rest = error - np.mean(error, axes, keepdims=True)
    return bool(np.linalg.norm(rest) < 0.01 * np.linalg.norm(error))


def _only(wrong: Array, where: Array) -> bool:
    return bool(wrong.any() and not wrong[~where].any() and not where.all())


def _at_borders(wrong: Array) -> bool:
    if wrong.ndim < 2 or min(wrong.shape[-2:]) < 5:
        return False
    depth = max(1, min(wrong.shape[-2:]) // 5)
    return bool(wrong.any() and not wrong[..., depth:-depth, depth:-depth].any())


def _correlates(error: Array, ours: Array) -> bool:
    size = float(np.linalg.norm(error) * np.linalg.norm(ours))
    return bool(size and abs(float(np.sum(error * ours))) > 0.999 * size)


def _grows(error: Array, ours: Array) -> bool:
    if error.size < 16:
        return False
    with np.errstate(invalid="ignore", divide="ignore"):  # what is the same everywhere grows with nothing
        found = np.corrcoef(np.abs(error).ravel(), np.abs(ours).ravel())[0, 1]
    return bool(np.isfinite(found) and found > 0.7)
