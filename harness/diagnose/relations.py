"""Hypotheses: the right tensor times or plus plain numbers, or to a plain power: what a person would write.

The numbers are fitted to far more elements than there are numbers, and count where they are plain.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.diagnose._ratios import constant, of_sizes, plain, said_of_ratio

_LARGEST = 1 << 24
_SMALL, _NEAR = 1e-3, 1e-5
_FEWEST = 5  # what is smaller is a size by chance


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """A plain factor, one with a plain number added, and a plain power."""
    right, port = evidence.reference, evidence.port
    if right.shape != port.shape or right.dtype.kind != "f" or not 0 < right.size <= _LARGEST:
        return
    ours, its = right.astype(np.float64), port.astype(np.float64)
    if not (np.isfinite(ours).all() and np.isfinite(its).all()) or not evidence.carries(2):
        return
    yield from _factor(evidence, ours, its)
    yield from _affine(evidence, ours, its)
    yield from _power(evidence, ours, its)


def _factor(evidence: DifferingLayer, ours: Array, its: Array) -> Iterator[Trial]:
    square = float(np.sum(ours * ours))
    fitted = float(np.sum(ours * its)) / square if square else 0.0
    if said := said_of_ratio(evidence, fitted, evidence.reference.shape):
        factor: float | None = 1 / round(1 / fitted) if abs(fitted) < 1 else float(round(fitted))
    else:
        factor, said = plain(fitted), ""
        for number, words in of_sizes(evidence).items():
            if abs(number - fitted) <= _NEAR * number and max(number, 1 / number) >= _FEWEST:
                factor, said = number, words
                break
        if factor is None and (named := constant(fitted)) is not None:
            factor, said = named
    if factor is not None and factor != 1:
        words = f"the reference's output times {factor:.6g}{_divided(factor)}{said}"
        yield _trial(evidence, words, factor * ours, 1)


def _affine(evidence: DifferingLayer, ours: Array, its: Array) -> Iterator[Trial]:
    """Twice a picture less one, a shift back by a mean and a deviation: two numbers."""
    wide, mean = ours - ours.mean(), float(its.mean())
    square = float(np.sum(wide * wide))
    if not square:
        return
    slope = plain(float(np.sum(wide * (its - mean))) / square)
    if slope is None:
        return
    rest = mean - slope * float(ours.mean())
    if abs(rest) <= _SMALL * float(np.abs(its).max()):
        return  # a factor alone, which is told as one
    offset = next(
        (near for near in (round(rest, digits) for digits in (0, 1, 2)) if _is_near(rest, near, its)), None
    )
    if offset is not None and offset:
        said = f"plus {offset:g}" if offset > 0 else f"less {-offset:g} (minus)"
        by = "" if slope == 1 else f"times {slope:.6g}{_divided(slope)}, "
        yield _trial(evidence, f"the reference's output {by}{said}", slope * ours + offset, 1 + (slope != 1))


def _is_near(number: float, near: float, beside: Array) -> bool:
    return abs(number - near) <= _NEAR * float(np.abs(beside).max())


def _power(evidence: DifferingLayer, ours: Array, its: Array) -> Iterator[Trial]:
    sizes, its_sizes = np.abs(ours), np.abs(its)
    known = (sizes > 0) & (its_sizes > 0)
    if np.count_nonzero(known) < 3 or not (its >= 0).all():
        return
    logs = np.log(sizes[known])
    square = float(np.sum(logs * logs))
    power = plain(float(np.sum(logs * np.log(its_sizes[known]))) / square) if square else None
    if power is None or power == 1:
        return
    with np.errstate(all="ignore"):
        found = sizes**power
    yield _trial(evidence, f"the reference's output to the power of {power:g}", found, 1)


def _divided(factor: float) -> str:
    return f" (divided by {1 / factor:.6g})" if 0 < abs(factor) < 1 else ""


def _trial(evidence: DifferingLayer, words: str, found: Array, fitted: int) -> Trial:
    numbers = "one number" if fitted == 1 else f"{fitted} numbers"
    said = f"{words} ({numbers} fitted to {found.size} elements)"
    return Trial(said, predicted=found.astype(evidence.port.dtype), fitted=fitted)
