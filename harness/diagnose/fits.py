"""Hypotheses with numbers fitted to the port's tensor: they describe an error where nothing explains it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial

_CHANNELS = 1


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """A bound, a factor, an offset, a power; a factor or an offset for each channel."""
    reference, port = evidence.reference, evidence.port
    if reference.shape != port.shape or reference.dtype.kind != "f" or not reference.size:
        return
    ours, its = reference.astype(np.float64), port.astype(np.float64)
    if not (np.isfinite(ours).all() and np.isfinite(its).all()):
        return
    yield from _plain_factor(evidence, ours, its)
    for trial in (*_bounds(evidence, its), *_scalars(ours, its), *_per_channel(ours, its)):
        assert trial.predicted is not None
        if evidence.carries(trial.fitted):
            predicted = trial.predicted.astype(port.dtype)
            words = f"{trial.words} ({_fitted_words(trial.fitted, port.size)})"
            yield Trial(words, predicted=predicted, fitted=trial.fitted)


def _plain_factor(evidence: DifferingLayer, ours: Array, its: Array) -> Iterator[Trial]:
    """A tensor of few elements, all times one plain number: a size in another unit, a weight."""
    square = float(np.sum(ours * ours))
    factor = float(np.sum(ours * its)) / square if square else 0.0
    if factor and not evidence.carries(1) and evidence.carries_plain(factor):
        by = f" (divided by {1 / factor:.6g})" if abs(factor) < 1 else ""
        words = f"the reference's output times {factor:.6g}{by} ({_fitted_words(1, its.size)})"
        yield Trial(words, predicted=(ours * factor).astype(evidence.port.dtype), fitted=1)


def _fitted_words(fitted: int, size: int) -> str:
    numbers = "one number" if fitted == 1 else f"{fitted} numbers"
    return f"{numbers} fitted to {size} elements"


def _bounds(evidence: DifferingLayer, its: Array) -> Iterator[Trial]:
    """What is given, kept between the port's own smallest and largest value, where those come up again."""
    low, high = float(its.min()), float(its.max())
    often = [int(np.sum(its == bound)) > 1 for bound in (low, high)]
    bounds = (low if often[0] else -np.inf, high if often[1] else np.inf)
    given = evidence.producer.given.values() if evidence.producer else evidence.inputs
    for tensor in given:
        if tensor.shape == its.shape and tensor.dtype.kind == "f" and any(often):
            words = f"what is given, clamped between {bounds[0]:.6g} and {bounds[1]:.6g}"
            yield Trial(words, predicted=np.clip(tensor.astype(np.float64), *bounds), fitted=sum(often))


def _scalars(ours: Array, its: Array) -> Iterator[Trial]:
    if square := float(np.sum(ours * ours)):
        factor = float(np.sum(ours * its)) / square
        yield Trial(f"the reference's output times {factor:.6g}", predicted=ours * factor, fitted=1)
    offset = float(np.mean(its - ours))
    yield Trial(f"the reference's output plus {offset:.6g}", predicted=ours + offset, fitted=1)
    sizes, its_sizes = np.abs(ours), np.abs(its)
    known = (sizes > 0) & (its_sizes > 0)
    if known.sum() > 2 and (np.sign(ours) == np.sign(its)).all():
        logs = np.log(sizes[known])
        if square := float(np.sum(logs * logs)):
            power = float(np.sum(logs * np.log(its_sizes[known]))) / square
            predicted = np.sign(ours) * sizes ** (power if power > 0 else 1.0)
            yield Trial(f"the reference's output to the power of {power:.6g}", predicted=predicted, fitted=1)


def _per_channel(ours: Array, its: Array) -> Iterator[Trial]:
    if ours.ndim <= _CHANNELS + 1:
        return
    count = ours.shape[_CHANNELS]
    axes = tuple(axis for axis in range(ours.ndim) if axis != _CHANNELS)
    offsets = np.mean(its - ours, axes, keepdims=True)
    words = "the reference's output plus one number a channel, as of another bias"
    yield Trial(words, predicted=ours + offsets, fitted=count)
    squares = np.sum(ours * ours, axes, keepdims=True)
    factors = np.sum(ours * its, axes, keepdims=True) / np.where(squares == 0, 1, squares)
    words = "the reference's output times one number a channel, as of another weight or variance"
    yield Trial(words, predicted=ours * factors, fitted=count)
