"""Hypotheses: only at some places the port's tensor is another one, and a plain rule says at which.

Words of padding are embedded as zeros, a border is left out, a part of the channels is not added. What
differs must be one value, a plain factor or another recorded tensor, and where it differs must follow from
an index, a border, a triangle, or from a tensor that is given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from itertools import permutations

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, ReferenceTensor, Trial, plain_number
from harness.diagnose.mask_rules import laid
from harness.diagnose.masks import triangle_of
from harness.forms import axes_text

_FEWEST, _LEAST_SHARE, _LARGE, _LARGEST = 8, 0.05, 1 << 20, 1 << 22
_FEW_VALUES, _LEAST_OF_FEW = 4, 32  # of few values so many must differ: they agree with much by chance
_MOST_TENSORS, _MOST_VALUES, _MOST_INDICES, _LOOKED_AT = 48, 32, 8, 4096
_MOST_TOLD, _MOST_SAID = 2, 2  # values, and axes of what says where
_OFTEN = 4  # how often a value must come up, so that it is a label
_STRAY, _EXACT, _ALIKE = 16.0, 1e-5, 1e-4
_RIGHT = "the reference's output"

Where = tuple[str, Array]
Change = tuple[str, Callable[[Array], Array]]


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """For what stands at the places that differ, every rule that says which places these are.

    Of few values, and by the sign of another tensor, it says less: that is for `of_the_rest`.
    """
    if not _has_few_values(evidence.port):
        yield from _tried(evidence, by_sign=False)


def of_the_rest(evidence: DifferingLayer) -> Iterator[Trial]:
    """The same of few values, and by the sign of another tensor as well."""
    yield from _tried(evidence, by_sign=True)


def _has_few_values(port: Array) -> bool:
    return len(np.unique(port.flat[:: max(1, port.size // _LOOKED_AT)])) <= _FEW_VALUES


def _tried(evidence: DifferingLayer, by_sign: bool) -> Iterator[Trial]:
    right, port = evidence.reference, evidence.port
    if right.shape != port.shape or not right.ndim or not 4 * _FEWEST <= port.size <= _LARGEST:
        return
    wrong = _wrong(evidence)
    count = int(np.count_nonzero(wrong))
    least = _LEAST_OF_FEW if _has_few_values(port) else _FEWEST
    if count < least or port.size - count < max(_FEWEST, _LEAST_SHARE * port.size):
        return
    rules: list[Where] | None = None
    for said, change in _changes(evidence, wrong):
        rules = list(_rules(evidence, wrong, by_sign)) if rules is None else rules
        for where, places in rules:
            found = right.astype(port.dtype)
            found[places] = change(places)
            words = f"{_RIGHT} {said} {where}, and as it is elsewhere"
            yield Trial(words, predicted=found, says_itself=True)


def _wrong(evidence: DifferingLayer) -> Array:
    """Where both sides differ by more than rounding."""
    ours, its = (part.astype(np.float64) for part in (evidence.reference, evidence.port))
    allowed = min(evidence.floor, _STRAY * evidence.floor / float(np.sqrt(its.size)))
    with np.errstate(invalid="ignore"):
        return np.asarray(~((np.abs(its - ours) <= allowed) | (its == ours)))


def _changes(evidence: DifferingLayer, wrong: Array) -> Iterator[Change]:
    """What the port has at the places that differ: one value, a plain factor, or another tensor."""
    right, port = evidence.reference, evidence.port
    its, ours = port[wrong], right[wrong]
    if (its == its[0]).all():
        value = its[0]
        name = {0: "with zeros", 1: "with ones"}.get(value, f"with {value:.6g}")
        yield f"{name} (masked, filled)", _filled(value)
    elif right.dtype.kind == "f":
        factor = _factor(ours.astype(np.float64), its.astype(np.float64))
        if factor is not None:
            yield f"times {factor:g}", _scaled(right, factor)
        looked = 0
        for other in evidence.recorded:
            if evidence.is_late():
                return
            if other.shape == port.shape and looked < _MOST_TENSORS and port.size <= _LARGE:
                looked += 1
                tensor = other.read()
                if tensor.dtype.kind == "f" and _is_near(tensor[wrong], its, evidence.floor):
                    yield f"with the values of the reference's {other.name}", _taken(tensor)


def _filled(value: float) -> Callable[[Array], Array]:
    return lambda places: np.full(np.count_nonzero(places), value)


def _scaled(tensor: Array, factor: float) -> Callable[[Array], Array]:
    return lambda places: tensor[places] * factor


def _taken(tensor: Array) -> Callable[[Array], Array]:
    return lambda places: tensor[places]


def _is_near(ours: Array, its: Array, floor: float) -> bool:
    wide = its.astype(np.float64)
    if not (np.isfinite(ours).all() and np.isfinite(wide).all()):
        return False
    gap = float(np.linalg.norm(ours.astype(np.float64) - wide))
    return gap <= min(floor, _ALIKE * float(np.linalg.norm(wide)))


def _factor(ours: Array, its: Array) -> float | None:
    if not (np.isfinite(ours).all() and np.isfinite(its).all()):
        return None
    square = float(np.sum(ours * ours))
    factor = plain_number(float(np.sum(ours * its)) / square) if square else None
    if factor is None or not float(np.linalg.norm(its - factor * ours)) <= _EXACT * float(
        np.linalg.norm(its)
    ):
        return None
    return factor


def _rules(evidence: DifferingLayer, wrong: Array, by_sign: bool) -> Iterator[Where]:
    """Plain rules that hold at all places that differ; whether at no others is for the tensor to say."""
    yield from _of_indices(wrong)
    yield from _of_borders(wrong)
    yield from _of_triangles(wrong)
    looked = 0
    for other in sorted(evidence.recorded, key=lambda one: not one.name.startswith("input:")):
        if evidence.is_late():
            return
        if evidence.is_late():
            return
        for name, form in _forms(other, wrong.shape) if looked < _MOST_TENSORS else ():
            looked += 1
            yield from _of_values(name, form(other.read()), wrong, by_sign)


def _forms(other: ReferenceTensor, wanted: tuple[int, ...]) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """Ways to read a tensor that says something of each place along some axes; the others repeat it."""
    shape, name = other.shape, f"the reference's {other.name}"
    if shape == wanted:
        yield name, lambda tensor: tensor
    elif 0 < len(shape) <= _MOST_SAID:
        yield from _along(name, shape, wanted, lambda tensor: tensor)
        if len(shape) == 2 and other.name.startswith("input:"):
            less = (shape[0], shape[1] - 1)
            yield from _along(f"{name}, but for the last of each,", less, wanted, lambda one: one[:, :-1])
            yield from _along(f"{name}, but for the first of each,", less, wanted, lambda one: one[:, 1:])


def _along(
    name: str, shape: tuple[int, ...], wanted: tuple[int, ...], part: Callable[[Array], Array]
) -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """A tensor laid along axes of these sizes, in their order or turned."""
    for axes in permutations(range(len(wanted)), len(shape)):
        if tuple(wanted[axis] for axis in axes) != shape:
            continue
        words = "" if axes == tuple(range(len(shape))) else f" (along {axes_text(axes)})"
        yield f"{name}{words}", functools.partial(_laid, part=part, axes=axes, rank=len(wanted))


def _laid(tensor: Array, part: Callable[[Array], Array], axes: tuple[int, ...], rank: int) -> Array:
    return laid(part(tensor), axes, rank)


def _of_indices(wrong: Array) -> Iterator[Where]:
    """Some indices along one axis."""
    for axis, size in enumerate(wrong.shape):
        rest = tuple(other for other in range(wrong.ndim) if other != axis)
        found = np.flatnonzero(wrong.any(rest))
        steps = set(np.diff(found).tolist())
        is_regular = len(found) <= 1 or len(steps) == 1
        proven = len(found) <= _MOST_INDICES and wrong.sum() >= 3 * len(found) + _FEWEST
        if len(found) < size and (is_regular or proven):
            places = np.zeros(wrong.shape, bool)
            places[(slice(None),) * axis + (found,)] = True
            yield f"at {_indices(found.tolist(), size, steps)} along {axes_text([axis])}", places


def _indices(found: list[int], size: int, steps: set[int]) -> str:
    """Indices in words."""
    if len(found) == 1:
        return f"index {found[0]}{' (the last)' if found[0] == size - 1 else ''}"
    if steps == {1} and not found[0]:
        return f"the first {len(found)} indices"
    if steps == {1} and found[-1] == size - 1:
        return f"the last {len(found)} indices (from {found[0]} on)"
    if len(steps) == 1:
        return f"indices {found[0]} to {found[-1]}" + (f" in steps of {min(steps)}" if min(steps) > 1 else "")
    return f"indices {', '.join(map(str, found))}"


def _of_borders(wrong: Array) -> Iterator[Where]:
    """A border of the last two axes, as wide as what differs goes in."""
    if wrong.ndim < 2 or min(wrong.shape[-2:]) < 4:
        return
    height, width = wrong.shape[-2:]
    rows, columns = np.arange(height), np.arange(width)
    deep = np.minimum.outer(np.minimum(rows, height - 1 - rows), np.minimum(columns, width - 1 - columns))
    outside = np.broadcast_to(deep, wrong.shape)
    border = int(outside[wrong].max()) + 1
    if 2 * border < min(height, width):
        yield f"within {border} of the border of its last two axes", outside < border
    yield from _of_sides(wrong)
    inner = int(outside[wrong].min())
    if inner:
        yield f"farther than {inner - 1} from the border of its last two axes", outside >= inner


def _of_sides(wrong: Array) -> Iterator[Where]:
    """All outside of a box of the last two axes, whose sides are not equally far from the border."""
    right = ~wrong.any(tuple(range(wrong.ndim - 2)))
    rows, columns = np.flatnonzero(right.any(1)), np.flatnonzero(right.any(0))
    if not len(rows) or not len(columns):
        return
    box = np.zeros(right.shape, bool)
    box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    widths = {rows[0], columns[0], len(right) - 1 - rows[-1], right.shape[1] - 1 - columns[-1]}
    if len(widths) > 1 and not (wrong & box).any():
        said = f"rows {rows[0]} to {rows[-1]} and columns {columns[0]} to {columns[-1]}"
        yield f"outside of {said} of its last two axes (at the border)", np.broadcast_to(~box, wrong.shape)


def _of_triangles(wrong: Array) -> Iterator[Where]:
    """All on one side of a diagonal of its last two axes."""
    triangle = triangle_of(wrong)
    if triangle is not None:
        yield f"in {triangle.words} (causal)", wrong


def _of_values(name: str, tensor: Array, wrong: Array, by_sign: bool) -> Iterator[Where]:
    """Where a recorded tensor has some values and no others, or is on one side of zero."""
    if tensor.dtype.kind == "f" and np.isnan(tensor).any():
        return
    few = tensor.flat[:_LOOKED_AT]
    if tensor.dtype.kind != "f" or len(np.unique(few)) <= min(_MOST_VALUES, few.size // _OFTEN):
        repeated = tuple(axis for axis, size in enumerate(tensor.shape) if size == 1)
        its = np.unique(tensor[wrong.any(repeated, keepdims=True)])
        left = np.setdiff1d(tensor, its)
        if len(left) and min(len(its), len(left)) <= _MOST_TOLD:
            said = f"is {_listed(its)}" if len(its) <= len(left) else f"is not {_listed(left)}"
            yield f"where {name} {said}", np.broadcast_to(np.isin(tensor, its), wrong.shape)
    elif by_sign and tensor.shape == wrong.shape:
        for words, places in (("is above 0", tensor > 0), ("is below 0", tensor < 0)):
            if not wrong[~places].any():
                yield f"where {name} {words}", places


def _listed(values: Array) -> str:
    return " or ".join(f"{value:g}" for value in values.tolist())
