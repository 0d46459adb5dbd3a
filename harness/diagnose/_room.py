"""How much room for rounding a tensor of the port has beside the reference's own."""

from __future__ import annotations

import math

import numpy as np

from harness.diagnose._evidence import Array, fills

_CANCELLED = 16.0  # by how much the port's tensor may be smaller than one with the same rounding
_LARGEST_GROWTH = 65536.0  # how many elements a sum in the place of a mean may have


def in_proportion(reference: Array, port: Array) -> float:
    """By how much the reference's rounding is multiplied where the port's tensor is far smaller, or larger.

    A few large values make no tensor larger, unless they are fills, beside which nothing else is compared.
    """
    ours, its = (float(np.linalg.norm(np.asarray(part, np.float64))) for part in (reference, port))
    if not ours or not np.isfinite(its):
        return 1.0
    if its <= ours:
        return min(1.0, _CANCELLED * its / ours)
    if fills(port) is not None:
        return its / ours
    usual = [_usual(part) for part in (reference, port)]
    widened = usual[1] / usual[0] * math.sqrt(port.size / reference.size) if usual[0] else 1.0
    return max(1.0, min(its / ours, widened, _LARGEST_GROWTH))


def _usual(tensor: Array) -> float:
    """The size of an element that is about in the middle of those that are not zero."""
    sizes = np.abs(np.asarray(tensor, np.float64))
    return float(np.median(sizes[sizes > 0])) if sizes.any() else 0.0
