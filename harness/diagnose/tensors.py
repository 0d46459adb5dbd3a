"""Hypotheses: the right tensor, moved, reordered or rounded, or one of its parts scaled."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from harness.diagnose import rounded
from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.diagnose._ratios import said_of_ratio
from harness.forms import shape_text

_MOST_PARTS = 4
_CHANNELS = 1
_LOGARITHMS = ("logsoftmax", "logsigmoid")


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """First trials that keep every element, then those that round."""
    yield from _in_another_shape(evidence)
    yield from _passed_through(evidence)
    yield from _moved(evidence.reference)
    yield from _parts(evidence)
    yield from rounded.trials(evidence)


def _in_another_shape(evidence: DifferingLayer) -> Iterator[Trial]:
    """The right elements in their order, where the port's tensor has another shape."""
    reference, port = evidence.reference, evidence.port
    if reference.shape == port.shape or reference.size != port.size:
        return
    shapes = [shape_text(shape) for shape in (port.shape, reference.shape)]
    words = f"the reference's output with the shape {shapes[0]} in place of {shapes[1]}"
    if [size for size in reference.shape if size != 1] == [size for size in port.shape if size != 1]:
        lost = "more" if port.ndim > reference.ndim else "fewer"
        how = f"an axis of size 1 {lost}" if port.ndim != reference.ndim else "its axis of size 1 elsewhere"
        words += f": {how} (keepdim, squeeze), so that it may be broadcast along another axis"
    yield Trial(words, predicted=reference.reshape(port.shape), says_itself=True)


def _passed_through(evidence: DifferingLayer) -> Iterator[Trial]:
    for place, given in enumerate(evidence.inputs):
        if given.shape == evidence.port.shape:
            which = "its input" if len(evidence.inputs) == 1 else f"its input number {place}"
            yield Trial(f"{which}, unchanged: the layer is missing, or does nothing", predicted=given)
    words = f"zero everywhere{_log_softmax_of_one(evidence)}"
    yield Trial(words, predicted=np.zeros_like(evidence.port), says_itself=True)
    if evidence.reference.any():
        words = f"ones everywhere{_said_of(evidence.reference) or _softmax_of_one(evidence)}"
        yield Trial(words, predicted=np.ones_like(evidence.port), says_itself=True)
    if evidence.reference.dtype.kind in "iu":
        for step in (1, -1):
            words = f"the reference's {'plus' if step > 0 else 'minus'} 1: the index is off by one"
            yield Trial(words, predicted=evidence.reference + step, says_itself=True)


def _said_of(reference: Array) -> str:
    """What a tensor of zeros and ones is that ones stand in the place of."""
    if not np.isin(reference, (0, 1)).all():
        return ""
    lower = reference.ndim >= 2 and np.array_equal(reference, np.tril(reference))
    return f", where the reference has a mask{', a lower triangle (causal)' if lower else ''}"


def _softmax_of_one(evidence: DifferingLayer) -> str:
    """What gives ones for whatever it is given, where the reference gives shares, too."""
    right, single = evidence.reference, _single_axes(evidence.port)
    shares = right.dtype.kind == "f" and bool(((right >= 0) & (right <= 1)).all())
    if not shares or not single:
        return ""
    return f", as a softmax over axis {single[0]} gives, which has size 1"


def _log_softmax_of_one(evidence: DifferingLayer) -> str:
    """What gives zeros for whatever it is given, where the reference gives logarithms of shares, too."""
    single = _single_axes(evidence.port)
    kind = (evidence.producer.name if evidence.producer else evidence.type).lower().replace("_", "")
    if not single or not any(own in kind for own in _LOGARITHMS):
        return ""
    return f", as a log_softmax over axis {single[0]} gives, which has size 1"


def _single_axes(port: Array) -> list[int]:
    """The axes of one element, but for that of the samples."""
    return [axis for axis, size in enumerate(port.shape) if size == 1 and axis and port.dtype.kind == "f"]


def _moved(reference: Array) -> Iterator[Trial]:
    said = "the reference's output"
    if reference.ndim >= 2:
        yield Trial(f"{said} transposed (height and width exchanged)", predicted=reference.swapaxes(-1, -2))
        yield Trial(f"{said} flipped left to right", predicted=reference[..., ::-1])
        yield Trial(f"{said} flipped upside down", predicted=reference[..., ::-1, :])
        for axis, name in ((-1, "column"), (-2, "row")):
            for step in (1, -1):
                moved = np.roll(reference, step, axis)
                yield Trial(f"{said} shifted by one {name}", predicted=moved)
    if reference.ndim > _CHANNELS and reference.shape[_CHANNELS] > 1:
        yield Trial(f"{said} with its channels in the opposite order", predicted=reference[:, ::-1])
    if reference.dtype.kind != "b":
        yield Trial(f"{said} with the opposite sign", predicted=-reference)
    if reference.shape and reference.shape[0] > 1:
        first = np.broadcast_to(reference[:1], reference.shape)
        yield Trial(f"that of the first sample for every sample of {said}", predicted=first)


def _parts(evidence: DifferingLayer) -> Iterator[Trial]:
    """A concatenation in another order; channels in another order."""
    reference, sizes = evidence.reference, [given.shape for given in evidence.inputs]
    if evidence.type == "cat" and 1 < len(sizes) <= _MOST_PARTS and reference.ndim > _CHANNELS:
        ends = np.cumsum([shape[_CHANNELS] for shape in sizes if len(shape) > _CHANNELS])
        if len(ends) == len(sizes) and ends[-1] == reference.shape[_CHANNELS]:
            blocks = np.split(reference, ends[:-1], _CHANNELS)
            for order in list(permutations(range(len(blocks))))[1:]:
                joined = np.concatenate([blocks[place] for place in order], _CHANNELS)
                yield Trial(
                    f"the reference with its parts joined in the order {list(order)}", predicted=joined
                )
    yield from _scaled_parts(evidence)
    channels = _channel_order(reference, evidence.port)
    if channels is not None:
        shown = ", ".join(map(str, channels[:8])) + (", ..." if len(channels) > 8 else "")
        yield Trial(
            f"the reference's output with its channels in the order {shown}", predicted=reference[:, channels]
        )


def _scaled_parts(evidence: DifferingLayer) -> Iterator[Trial]:
    """One part of a sum or of a concatenation times a factor; left out where that is zero."""
    reference = evidence.reference
    if reference.shape != evidence.port.shape or reference.dtype.kind != "f" or not evidence.carries(1):
        return
    if not (np.isfinite(reference).all() and np.isfinite(evidence.port).all()):
        return
    error = evidence.port.astype(np.float64) - reference
    for place in range(len(evidence.inputs)):
        effect = _effect(evidence, place)
        size = 0.0 if effect is None else float(np.sum(effect * effect))
        if effect is None or not size or not np.isfinite(size):
            continue
        factor = float(np.sum(effect * error)) / size
        why = said_of_ratio(evidence, 1 + factor, evidence.inputs[place].shape)
        words = f"the reference with its input number {place} times {round(1 + factor, 6):g}{why}"
        predicted = (reference + factor * effect).astype(reference.dtype)
        yield Trial(
            f"{words} (one number fitted to {reference.size} elements)", predicted=predicted, fitted=1
        )


def _effect(evidence: DifferingLayer, place: int) -> Array | None:
    """What one part contributes to a sum, a difference or a concatenation."""
    part, shape = evidence.inputs[place].astype(np.float64), evidence.reference.shape
    if evidence.type in ("add", "sub") and len(evidence.inputs) == 2:
        sign = -1.0 if evidence.type == "sub" and place == 1 else 1.0
        return np.asarray(np.broadcast_to(sign * part, shape)) if part.ndim <= len(shape) else None
    sizes = [given.shape[_CHANNELS] for given in evidence.inputs if given.ndim > _CHANNELS]
    if evidence.type != "cat" or len(sizes) != len(evidence.inputs) or sum(sizes) != shape[_CHANNELS]:
        return None
    whole = np.zeros(shape)
    start = sum(sizes[:place])
    whole[:, start : start + sizes[place]] = part
    return whole


def _channel_order(reference: Array, port: Array) -> list[int] | None:
    """Which channel of the reference each channel of the port is, where that is one to one."""
    if reference.shape != port.shape or reference.ndim <= _CHANNELS or reference.dtype.kind != "f":
        return None
    axes = tuple(axis for axis in range(reference.ndim) if axis != _CHANNELS)
    ours, its = (np.sort(np.mean(part, axes, dtype=np.float64)) for part in (reference, port))
    if len(ours) > 4096 or not np.isfinite(ours).all() or not np.allclose(ours, its, rtol=1e-4, atol=1e-6):
        return None
    means = np.mean(reference, axes, dtype=np.float64)
    order = [int(np.argmin(np.abs(means - mean))) for mean in np.mean(port, axes, dtype=np.float64)]
    return order if sorted(order) == list(range(len(order))) and order != sorted(order) else None
