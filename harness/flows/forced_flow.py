"""Whose result each call of the port takes: seen where its layers ran alone.

There every result is replaced by the reference's own tensor, to the bit. So what a call is given tells from
where it comes, whatever the port's calls compute.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import address as addresses
from harness.flows.taken_by_calls import Call
from harness.trace import Trace

Array = NDArray[Any]
CallWith = Callable[[str, int, Mapping[str, Array]], Mapping[str, Array]]
_ALIKE = 1e-4
_PLAIN, _EXACT = 100, 1e-5  # whoever writes a number writes two digits behind the point at most


@dataclass(frozen=True)
class ForcedFlow:
    """The reference's trace, the port's, and that of its layers run alone, which leaves out what is the same.

    `call_with` repeats a call of the reference with other tensors in some of its places.
    """

    reference: Trace
    port: Trace
    isolated: Trace
    call_with: CallWith

    def shows_order(self, first: str, last: str, between: Iterable[Call]) -> bool:
        """Whether the port calls the reference's first layer on what comes of the last one, in its place.

        The first one takes a result of the last one; the last one, or what is called between them in the
        reference, takes what the first one should be given, or makes what the reference's makes of that; and
        what should take the result of the last one does not go on with it.
        """
        results = [*self._of_reference(self._results(last)), *self._of_port(self._results(last))]
        if not self._is_any(self._given(first), results) or self.goes_on_with(last, first):
            return False
        takers = [
            name for path, call in between for name in self._inputs(path) if _call(name) == (path, call)
        ]
        takers += self._inputs(last)
        given = [*self._of_reference(self._given_from_outside(first))]
        return self._is_any(self._of_port(takers), given) or self._makes_of(first, last, given)

    def _makes_of(self, first: str, last: str, given: Iterable[Array]) -> bool:
        """Whether the port's last layer returns what the reference's makes of what the first one is given."""
        returned = self._array(self.isolated, self._origin(addresses.layer(last, 0, "out")))
        results = set(self._results(first))
        inputs = [name for name in self._inputs(last) if _call(name) == (last, 0)]
        keys = [addresses.parse_layer(name).key for name in inputs if self._origin(name) in results]
        if returned is None or not keys:
            return False
        made = (self.call_with(last, 0, dict.fromkeys(keys, np.array(one))).get("0") for one in given)
        return _tells(returned) and any(one is not None and _are_near(one, returned) for one in made)

    def _given_from_outside(self, path: str) -> list[str]:
        """What a layer is given, and what runs inside of it, where nothing in it makes that."""
        return [name for name in self._inputs(path) if not self._is_made_in(name, path)]

    def goes_on_with(self, last: str, first: str) -> bool:
        """Whether the port goes on with a result of the last one, and nothing with one of the first."""
        results = set(self._results(last))
        takers = [
            name
            for name, record in self.reference.records.items()
            if _is_input(name) and record.alias in results and not _lies_in(name, last)
        ]
        instead = [*self._of_reference(self._results(first)), *self._of_port(self._results(first))]
        if any(_may_be_same(one, other) for one in self._of_port(takers) for other in instead):
            return False
        return any(name in self.port.records and self.port.records[name].alias in results for name in takers)

    def takes_result(self, result: str, instead: str) -> bool:
        """Whether something that should take one result, in whatever form, is given another one."""
        right, other = (self._array(self.reference, name) for name in (result, instead))
        return any(
            _are_same(ours, right) and _are_same(its, other)
            for name in self.isolated.records
            if _is_input(name)
            for ours, its in zip(self._of_reference([name]), self._of_port([name]), strict=False)
            if right is not None and other is not None
        )

    def is_given_right(self, path: str, call: int) -> bool:
        """Whether a call of the port is given what the reference gives it, but for rounding."""
        given = [name for name in self.isolated.records if _is_input(name) and _call(name) == (path, call)]
        both = ((self._array(self.reference, name), self._array(self.isolated, name)) for name in given)
        return all(ours is not None and its is not None and _are_near(ours, its) for ours, its in both)

    def returns_as(self, path: str, call: int, other: int) -> bool:
        """Whether a call of the port returns what another call of the same layer does in the reference."""
        prefix = addresses.layer(path, call, "out")
        names = [name for name in self.reference.records if name == prefix or name.startswith(f"{prefix}.")]
        told = False
        for name in names:
            wanted = addresses.layer(path, other, "out", addresses.parse_layer(name).key)
            ours = self._array(self.reference, wanted)
            its = self._array(self.isolated, self._origin(name))
            if ours is None or its is None or not _are_near(ours, its):
                return False
            told = told or _tells(ours)
        return told

    def _given(self, path: str) -> Iterator[Array]:
        """What the port gives to a layer that is not given what the reference gives it."""
        return self._of_port(self._inputs(path))

    def _inputs(self, path: str) -> list[str]:
        """The addresses of what a layer, or what runs inside of it, is given."""
        return [name for name in self.reference.records if _is_input(name) and _lies_in(name, path)]

    def _results(self, path: str) -> list[str]:
        """The addresses of what a layer, or what runs inside of it, returns."""
        found = [
            name for name in self.reference.records if addresses.is_result(name) and _lies_in(name, path)
        ]
        return list(dict.fromkeys(map(self._origin, found)))

    def _is_made_in(self, name: str, path: str) -> bool:
        origin = self._origin(name)
        return origin != name and addresses.is_result(origin) and _lies_in(origin, path)

    def _origin(self, name: str) -> str:
        record = self.reference.records.get(name)
        return (record.alias if record is not None else None) or name

    def _of_reference(self, names: Iterable[str]) -> Iterator[Array]:
        return self._arrays(self.reference, names)

    def _of_port(self, names: Iterable[str]) -> Iterator[Array]:
        return self._arrays(self.isolated, names)

    def _arrays(self, trace: Trace, names: Iterable[str]) -> Iterator[Array]:
        found = (self._array(trace, name) for name in names)
        return (array for array in found if array is not None)

    @staticmethod
    def _array(trace: Trace, name: str) -> Array | None:
        return trace.array(name) if name in trace.records else None

    @staticmethod
    def _is_any(some: Iterable[Array], others: list[Array]) -> bool:
        return any(_are_same(one, other) for one in some for other in others)


def _is_input(name: str) -> bool:
    return name.startswith("layer:") and addresses.parse_layer(name).role == "in"


def _lies_in(name: str, path: str) -> bool:
    return addresses.lies_in(addresses.parse_layer(name).path, path)


def _call(name: str) -> Call:
    layer = addresses.parse_layer(name)
    return layer.path, layer.call


def _are_same(one: Array, other: Array) -> bool:
    """Whether both are seen to be one tensor: zeros, or one value everywhere, may come of anything."""
    return _may_be_same(one, other) and _tells(one)


def _may_be_same(one: Array, other: Array) -> bool:
    """Whether both hold the same elements in the same order, whatever axes of size 1 there are."""
    return one.size == other.size and np.array_equal(one.reshape(-1), other.reshape(-1))


def _tells(tensor: Array) -> bool:
    """Whether a tensor has more values than one, or is a number that nobody would write."""
    if tensor.size != 1:
        return bool((tensor != tensor.reshape(-1)[:1]).any())
    value = float(tensor.reshape(-1)[0]) * _PLAIN
    return math.isfinite(value) and not math.isclose(value, round(value), rel_tol=_EXACT, abs_tol=_EXACT)


def _are_near(one: Array, other: Array) -> bool:
    if one.size != other.size:
        return False
    gap = float(np.linalg.norm(one.reshape(-1).astype(np.float64) - other.reshape(-1)))
    return gap <= _ALIKE * float(np.linalg.norm(one.astype(np.float64)))
