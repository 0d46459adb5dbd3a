"""The difference of two tensors in one walk."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.numerics import _native
from harness.numerics._floats import BLOCK, flat
from harness.numerics._measures import Difference
from harness.numerics._rounding import denormals_kept
from harness.numerics._totals import Totals
from harness.numerics._walk import Walk


def difference(reference: NDArray[Any], candidate: NDArray[Any]) -> Difference:
    """Measure `candidate` against `reference`; both have the same shape and any real dtype."""
    reference, candidate = np.asarray(reference), np.asarray(candidate)
    if reference.shape != candidate.shape:
        raise ValueError(f"cannot compare shapes {reference.shape} and {candidate.shape}")
    left, right = flat(reference), flat(candidate)
    with denormals_kept(), np.errstate(all="ignore"):
        return _conclude(_native.totals(left, right) or _walked(left, right), left, right, reference.shape)


def _walked(left: NDArray[Any], right: NDArray[Any]) -> Totals:
    walk = Walk(left.dtype, right.dtype, min(left.size, BLOCK))
    for start in range(0, left.size, BLOCK):
        walk.add(left[start : start + BLOCK], right[start : start + BLOCK], start)
    return walk


def sample_difference(
    reference: NDArray[Any], candidate: NDArray[Any], shape: tuple[int, ...], index: NDArray[Any]
) -> Difference:
    """Estimate the difference of two tensors of `shape` from their elements at the flat positions `index`.

    Norms are scaled to the whole tensor's size, maxima and counts are those of the samples.
    """
    found = difference(reference, candidate)
    size = math.prod(shape)
    scale = math.sqrt(size / found.size) if found.size else 1.0
    worst = None
    if found.worst is not None:
        worst = tuple(int(i) for i in np.unravel_index(int(index[found.worst[0]]), shape))
    return dataclasses.replace(
        found,
        size=size,
        l2=found.l2 * scale,
        reference_l2=found.reference_l2 * scale,
        candidate_l2=found.candidate_l2 * scale,
        worst=worst,
    )


def no_difference(size: int, l2: float, absmax: float) -> Difference:
    """What separates a tensor of that size, norm and largest element from its own bits."""
    return Difference(
        size=size,
        max_abs=0.0,
        max_rel=0.0,
        l2=0.0,
        rel_l2=0.0,
        cosine=1.0,
        max_ulp=0,
        nonfinite=0,
        worst=None,
        worst_reference=None,
        worst_candidate=None,
        reference_l2=l2,
        reference_absmax=absmax,
        candidate_l2=l2,
        pass_rtol=0.0,
        pass_atol=0.0,
    )


def _conclude(found: Totals, left: NDArray[Any], right: NDArray[Any], shape: tuple[int, ...]) -> Difference:
    l2, reference_l2, candidate_l2 = (
        float(np.sqrt(total)) for total in (found.difference2, found.reference2, found.candidate2)
    )
    worst = found.mismatch if found.nonfinite else found.worst
    max_abs = found.max_abs
    if found.worst is not None and left.dtype.kind == right.dtype.kind == "f":
        max_abs = abs(float(left[found.worst]) - float(right[found.worst]))  # free of the block's rounding
    return Difference(
        size=left.size,
        max_abs=max_abs,
        max_rel=found.max_rel,
        l2=l2,
        rel_l2=_ratio(l2, reference_l2),
        cosine=_cosine(found, reference_l2, candidate_l2),
        max_ulp=found.max_ulp,
        nonfinite=found.nonfinite,
        worst=None if worst is None else tuple(int(i) for i in np.unravel_index(worst, shape)),
        worst_reference=None if worst is None else float(left[worst]),
        worst_candidate=None if worst is None else float(right[worst]),
        reference_l2=reference_l2,
        reference_absmax=found.reference_absmax,
        candidate_l2=candidate_l2,
        pass_rtol=math.inf if found.nonfinite else found.pass_rtol,
        pass_atol=math.inf if found.nonfinite else max_abs,
    )


def _ratio(value: float, scale: float) -> float:
    if value == 0:
        return 0.0
    return value / scale if scale else math.inf


def _cosine(found: Totals, reference_l2: float, candidate_l2: float) -> float:
    """The cosine from the difference's own sums, so that what separates it from 1 is not rounded away."""
    if reference_l2 == 0 or candidate_l2 == 0:
        return float(reference_l2 == candidate_l2)
    left, right = np.sqrt(found.reference2), np.sqrt(found.candidate2)
    gap = (2 * found.product - found.difference2) / (left + right)
    missing = (found.difference2 - gap * gap) / (2 * left * right)
    return float(1 - min(max(missing, 0), 2))
