"""Hypotheses: another tensor of the reference stands there: a layer is skipped, a branch mistaken."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, ReferenceTensor, Trial, is_number
from harness.diagnose._ratios import plain
from harness.diagnose._rules import every, one_of, part_from
from harness.diagnose.layouts import layouts, same_elements

_FEWEST = 4  # different values, below which two tensors are alike by chance
_DIGITS, _FAR = 2e-6, 1e-3
_MOST_PARTS = 256
_LOOKED_AT = 4096
_LARGEST = 64
NOUNS = {
    "add": "a sum", "sub": "a difference", "mul": "a product", "div": "a division", "pow": "a power",
    "matmul": "a matrix product", "bmm": "a matrix product", "cat": "a concatenation",
    "interpolate": "a resizing", "maximum": "the larger of two (maximum)",
    "minimum": "the smaller of two (minimum)", "normalize": "a normalisation (normalize)",
    "mean": "a mean", "var": "a variance", "std": "a deviation", "pad": "a padding",
    "neg": "a negation (minus)", "avg_pool2d": "an average pooling", "max_pool2d": "a max pooling",
    "clamp": "a clamp",
}  # fmt: skip


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """What the producer was given, first; then whatever has this shape, or as many elements."""
    yield from _producer_missing(evidence)
    for other in evidence.recorded:
        if other.shape == evidence.port.shape:
            yield from _taken(evidence, other)
    for other in evidence.recorded:
        if other.shape != evidence.port.shape and _size(other.shape) == evidence.port.size:
            yield from _taken(evidence, other, ", reshaped")
    for other in evidence.recorded:
        if evidence.is_late():
            return
        yield from _parts(evidence, other)


def _producer_missing(evidence: DifferingLayer) -> Iterator[Trial]:
    if evidence.producer is None:
        return
    name = evidence.producer.name
    for given, tensor in evidence.producer.given.items():
        if tensor.size == evidence.port.size and evidence.tells():
            how = "" if tensor.shape == evidence.port.shape else ", reshaped"
            words = f"the reference's {given}{how}, which {name} is given: {name} is skipped{_left_out(name)}"
            yield Trial(words, predicted=tensor.reshape(evidence.port.shape), taken=given)


def _left_out(name: str) -> str:
    """What is left out where an operation is skipped."""
    kind = name.partition("/")[2].rpartition(".")[0]
    return f" ({NOUNS.get(kind, kind)} is left out)" if kind else ""


def _taken(evidence: DifferingLayer, other: ReferenceTensor, how: str = "") -> Iterator[Trial]:
    tensor = other.read().reshape(evidence.port.shape)
    if evidence.begins_like(tensor) and (tells(tensor) or _is_told_by_digits(tensor, evidence)):
        said = f"the reference's {other.name}{how}{_not_moved(evidence, other.read())}"
        yield Trial(said, predicted=tensor, taken=other.name)


def _is_told_by_digits(tensor: Array, evidence: DifferingLayer) -> bool:
    """Whether few numbers, none of them a plain one, are the port's in all digits, and far from the right."""
    if tensor.dtype.kind != "f" or not 0 < tensor.size < _FEWEST:
        return False
    its, ours = (one.astype(np.float64).reshape(-1) for one in (evidence.port, evidence.reference))
    values = tensor.astype(np.float64).reshape(-1)
    near = np.abs(values - its) <= _DIGITS * np.abs(values)
    far = ours.shape != values.shape or (np.abs(values - ours) > _FAR * np.abs(values)).all()
    are_plain = any(not is_number(value) or plain(value) is not None for value in values.tolist())
    return bool(near.all() and far and not are_plain)


def _not_moved(evidence: DifferingLayer, taken: Array) -> str:
    """What the reference does to a tensor that the port takes as it is, where it turns its axes."""
    right = evidence.reference
    if not same_elements(taken, right, 0.0) or np.array_equal(taken.reshape(-1), right.reshape(-1)):
        return ""
    for layout in layouts(taken.shape, right.shape):
        if np.array_equal(layout.of(taken, right.shape), right):
            return f", where the reference gives it transposed ({layout.words})"
    return ""


def _parts(evidence: DifferingLayer, other: ReferenceTensor) -> Iterator[Trial]:
    """A part of a longer tensor: begun at another index, every so many, or one index along an axis."""
    port = evidence.port
    if not port.size < _size(other.shape) <= _LARGEST * port.size:
        return
    for axis, length in enumerate(other.shape):
        rest = other.shape[:axis] + other.shape[axis + 1 :]
        if length > _MOST_PARTS:
            continue
        if rest == port.shape:
            tensor = other.read()
            for place in range(length):
                words = f"{one_of(place, length, axis)} of the reference's {other.name}"
                yield from _part(evidence, tensor.take(place, axis), words, other.name)
        elif len(other.shape) == port.ndim and rest == port.shape[:axis] + port.shape[axis + 1 :]:
            tensor, wanted = np.moveaxis(other.read(), axis, 0), port.shape[axis]
            for begin in range(length - wanted + 1):
                part = np.moveaxis(tensor[begin : begin + wanted], 0, axis)
                said = part_from(begin, wanted)
                words = f"{said} along axis {axis} of the reference's {other.name}"
                yield from _part(evidence, part, words, other.name)
            step = length // wanted
            for begin in range(step if step > 1 and length == step * wanted else 0):
                part = np.moveaxis(tensor[begin::step], 0, axis)
                words = f"{every(step, begin)} along axis {axis} of the reference's {other.name}"
                yield from _part(evidence, part, words, other.name)


def _part(evidence: DifferingLayer, part: Array, words: str, whole: str) -> Iterator[Trial]:
    if evidence.begins_like(part) and tells(part):
        yield Trial(words, predicted=part, part_of=whole)


def tells(tensor: Array) -> bool:
    """Whether a tensor holds enough different values to be known by them."""
    flat = tensor.reshape(-1)
    return len(np.unique(flat[:: max(1, flat.size // _LOOKED_AT)])) >= _FEWEST


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))
