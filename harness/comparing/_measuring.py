"""Measuring: the numbers of one address from two traces and the truth, each tensor walked once."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness import address as addresses
from harness.comparing._sizes import GradientSizes
from harness.numerics import Difference, difference, no_difference, sample_difference
from harness.trace import Noise, Trace
from harness.verdict import Measured

Array = NDArray[Any]
_BLOCK = 32768
_ENOUGH = 32
_BELIEVED, _ULPS = 1000.0, 8.0  # times the reference's own distance, or so many units in the last place


def smallest_atol(reference: Array, candidate: Array, rtol: float) -> float:
    """The smallest atol that passes together with `rtol`, of tensors that are finite at the same places."""
    left, right = reference.reshape(-1), candidate.reshape(-1)
    smallest = 0.0
    with np.errstate(invalid="ignore"):  # the difference of two equal infinities, which counts as none
        for start in range(0, left.size, _BLOCK):
            exact = left[start : start + _BLOCK].astype(np.float64)
            over = np.abs(right[start : start + _BLOCK] - exact)
            over -= rtol * np.abs(exact)
            smallest = float(np.fmax.reduce(over, initial=smallest))
    return smallest


def resolve(trace: Trace, address: str) -> str:
    """The address at which the tensor itself is stored."""
    return trace.records[address].alias or address


class Elements(NamedTuple):
    """What both sides have of a tensor: everything, or the elements at the flat `places`."""

    places: Array | None
    reference: Array
    candidate: Array
    whole_candidate: Array | None


class TensorMeter:
    """Measures a candidate against a reference and, where there is one, the float64 truth."""

    def __init__(self, reference: Trace, candidate: Trace, truth: Trace | None = None) -> None:
        self.reference, self.candidate, self.truth = reference, candidate, truth
        self._known: dict[tuple[str, ...], Measured | None] = {}
        self._sizes = GradientSizes(truth) if truth is not None else None

    def measure(self, address: str) -> Measured | None:
        """What separates the two at an address of both; None where they have no element in common.

        Addresses that name the same tensors share one measurement.
        """
        key = resolve(self.reference, address), resolve(self.candidate, address), self._truth_place(address)
        if key not in self._known:
            self._known[key] = self._measure(address, key[2])
        return self._known[key]

    def equal(self, address: str, known: Measured) -> Measured:
        """What separates the reference from its own bits: nothing, but both from the truth.

        `known` is any measurement of the same tensor of the reference.
        """
        seen = known.difference
        nothing = no_difference(seen.size, seen.reference_l2, seen.reference_absmax)
        measured = Measured(nothing, "whole", seen.size, known.integer, known.eps)
        place = self._truth_place(address)
        if not place:
            return measured
        return self._with_truth(address, measured, place, self.reference.array(address))

    def refine(self, address: str, measured: Measured, rtol: float) -> Measured:
        """The same with one more point on the curve of tolerances: the smallest atol beside `rtol`."""
        found = self._elements(address)
        atol = smallest_atol(found.reference, found.candidate, rtol)
        return dataclasses.replace(measured, curve=((rtol, atol),))

    def _truth_place(self, address: str) -> str:
        """The address in the truth that knows this tensor's noise; empty where none does."""
        if self.truth is None:
            return ""
        for place in (address, resolve(self.reference, address)):
            if place in self.truth.records:
                record = self.truth.records[resolve(self.truth, place)]
                if record.noise is not None and record.shape == self.reference.records[address].shape:
                    return record.address
        return ""

    def _elements(self, address: str) -> Elements:
        shape = self.reference.records[address].shape
        left, right = self.reference.array(address), self.candidate.array(address)
        if left is not None and right is not None:
            return Elements(None, left, right.reshape(shape), right)
        if left is not None:
            index, values = self.candidate.sample(address)
            return Elements(index, left.reshape(-1)[index], values, None)
        return Elements(*_beside(self.candidate, address, right, *self.reference.sample(address)), right)

    def _measure(self, address: str, truth_place: str) -> Measured | None:
        record, other = self.reference.records[address], self.candidate.records[address]
        elements = self._elements(address)
        index, left, right, _ = elements
        if index is not None and len(index) == 0 and record.size:
            return None
        if index is None:
            found = difference(left, right)
        else:
            found = sample_difference(left, right, record.shape, index)
        integer = np.dtype(record.dtype).kind in "biu"
        whole = index is None or len(index) == record.size
        measured = Measured(
            difference=found,
            basis="whole" if whole else "samples",
            size=record.size,
            integer=integer,
            eps=0.0 if integer else max(_eps(record.dtype), _eps(other.dtype)),
            error_samples=0 if whole or index is None else len(index),
            blank=_holds_no_number(found, left, right),
        )
        if truth_place:
            return self._with_truth(address, measured, truth_place, elements.whole_candidate)
        return self._with_whole_truth(address, measured, elements)

    def _with_whole_truth(self, address: str, measured: Measured, elements: Elements) -> Measured:
        """An upstream trace may hold the float64 run of the same tensor: its own noise is then known."""
        exact = self.reference.truth_array(address) if elements.places is None else None
        if exact is None or exact.shape != elements.reference.shape:
            return measured
        noise, error = difference(exact, elements.reference), difference(exact, elements.candidate)
        return dataclasses.replace(
            measured,
            noise_l2=noise.l2,
            noise_max=noise.max_abs,
            truth_l2=noise.reference_l2,
            truth_absmax=noise.reference_absmax,
            error_l2=error.l2,
            error_max=error.max_abs,
        )

    def _with_truth(
        self, address: str, measured: Measured, truth_place: str, candidate: Array | None
    ) -> Measured:
        assert self.truth is not None
        assert self._sizes is not None
        noise, stats = self.truth.records[truth_place].noise, self.truth.stats(truth_place)
        assert noise is not None
        _, exact, its = _beside(self.candidate, address, candidate, *self.truth.sample(truth_place))
        with np.errstate(invalid="ignore"):  # the difference of two equal infinities
            error = its.astype(np.float64) - exact
        is_zero = stats.l2 == noise.l2 == 0 and not measured.integer
        error_l2, error_max, samples = _estimated(measured, noise, error[np.isfinite(error)])
        return dataclasses.replace(
            measured,
            error_l2=error_l2,
            error_max=error_max,
            error_samples=samples,
            noise_l2=noise.l2,
            noise_max=noise.max,
            truth_l2=stats.l2,
            truth_absmax=stats.absmax,
            typical=self._sizes.typical(truth_place) if is_zero else 0.0,
            ceiling=self._ceiling(address, truth_place, stats.l2, measured.eps),
            broken=bool(measured.difference.nonfinite)
            and self.reference.stats(address).nonfinite > stats.nonfinite,
        )

    def _ceiling(self, address: str, truth_place: str, size: float, eps: float) -> float | None:
        """How much noise a truth that came in a file with the reference may claim; of gradients, anything.

        The reference's own distance from it is seen here. The runs that were perturbed went further, but not
        by orders of magnitude, unless rounding decided something: for gradients it does so all the time.
        """
        if self.truth is None or self.truth is not self.reference.truth or addresses.is_gradient(address):
            return None
        whole = self.reference.array(address)
        places, exact, own = _beside(self.reference, address, whole, *self.truth.sample(truth_place))
        if len(places) == 0:
            return None
        with np.errstate(invalid="ignore"):
            error = own.astype(np.float64) - exact
        distance = math.sqrt(self.reference.records[address].size / len(places)) * float(
            np.linalg.norm(error[np.isfinite(error)])
        )
        return _BELIEVED * (distance + _ULPS * eps * size)


def _beside(
    trace: Trace, address: str, whole: Array | None, index: Array, values: Array
) -> tuple[Array, Array, Array]:
    """A trace's elements beside `values` at flat positions, as many as it has; `whole` is all of them."""
    if whole is not None:
        return index, values, whole.reshape(-1)[index]
    its_index, its_values = trace.sample(address)
    if np.array_equal(index, its_index):
        return index, values, its_values
    shared, ours, its = np.intersect1d(index, its_index, assume_unique=True, return_indices=True)
    return shared, values[ours], its_values[its]


def _holds_no_number(found: Difference, reference: Array, candidate: Array) -> bool:
    """Whether every element of both is NaN: they agree, and that proves nothing."""
    if found.reference_absmax > 0 or found.size == 0 or reference.dtype.kind != "f":
        return False
    return all(array.dtype.kind == "f" and bool(np.isnan(array).all()) for array in (reference, candidate))


@functools.cache
def _eps(dtype: str) -> float:
    kind = np.dtype(dtype)
    return float(np.finfo(kind).eps) if kind.kind == "f" else 0.0


def _estimated(measured: Measured, noise: Noise, error: Array) -> tuple[float, float, int]:
    """The candidate's distance from the truth, estimated from the elements `error`: l2, largest, of how many.

    The reference is at most the noise away from the truth, so the candidate's distance from the reference
    bounds it: from both sides where that is exact, from below where it is an estimate too.
    """
    apart, samples = measured.difference, measured.error_samples
    l2, worst = apart.l2, apart.max_abs
    if len(error) >= min(_ENOUGH, measured.size) > 0:
        l2 = math.sqrt(measured.size / len(error)) * float(np.linalg.norm(error))
        worst = float(np.max(np.abs(error)))
        samples = len(error) if l2 >= apart.l2 - noise.l2 else samples
    if measured.basis == "whole":
        samples = 0
        l2 = min(l2, apart.l2 + noise.l2)
        worst = min(max(worst, apart.max_abs), apart.max_abs + noise.max)
    return max(l2, apart.l2 - noise.l2), max(worst, apart.max_abs - noise.max), samples
