"""Calls that the port alone makes on the way to a wrong tensor: without them it would be the right one.

Each of them takes the right tensor, or the result of another one of them; or the last one takes what the
reference's own maker of the tensor takes, and stands in its place. Both traces tell what each call takes.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness import address as addresses
from harness.address import LayerAddress
from harness.alignment_rows import Source
from harness.comparing import kind_of
from harness.diagnose import Cause
from harness.diagnose.layouts import same_elements
from harness.diagnose.others import NOUNS
from harness.flows.call_counts import origin
from harness.flows.reference_probe import layer_note
from harness.flows.taken_by_calls import given_by_call, handed_on
from harness.trace import Trace

Array = NDArray[Any]
_KINDS = ("layer_input", "operation_input", "layer", "output")
_MOST_CALLS, _MOST_TOLD, _MOST_BESIDE = 3, 4, 2
_ALIKE, _FEWEST, _LARGEST, _LOOKED_AT = 1e-4, 8, 1 << 20, 4096
# Functions of which one may stand for another without a mistake.
_LIKE_ANOTHER = (
    frozenset(("add", "sub", "mul", "div", "pow", "neg", "sqrt", "rsqrt", "reciprocal", "where", "abs")),
    frozenset(("matmul", "einsum", "linear", "tensordot", "outer", "conv1d", "conv2d", "conv3d")),
    frozenset(("clamp", "relu", "relu6", "hardtanh", "threshold", "maximum", "minimum", "where")),
    frozenset(("cat", "stack", "pad")),
    frozenset(("max", "amax", "maximum")),
    frozenset(("min", "amin", "minimum")),
    frozenset(("interpolate", "grid_sample")),
)


def told(sources: Sequence[Source], causes: Sequence[Cause], reference: Trace, port: Trace) -> list[Cause]:
    """The causes; where none is found, the calls that the port alone makes there are one.

    To a cause that is found they are added.
    """
    flow = _Flow(reference, port)
    return [_with_calls(source, cause, flow) for source, cause in zip(sources, causes, strict=True)]


def _with_calls(source: Source, cause: Cause, flow: _Flow) -> Cause:
    if kind_of(source.address) not in _KINDS or source.address not in flow.port.records:
        return cause
    said = flow.extra(source.address) or flow.instead(source.address)
    if said is None:
        return cause
    if cause.found:
        return dataclasses.replace(cause, sentence=f"{cause.sentence} It is {said.words}.")
    sentence = f"{_lead(source.address)} {said.words}."
    return dataclasses.replace(
        cause, found=True, sentence=sentence, hypothesis=said.words, culprits=(*source.layers, *said.calls)
    )


def _lead(address: str) -> str:
    """What a tensor is, to begin a sentence."""
    if not address.startswith("layer:"):
        return "what the port returns is"
    layer = addresses.parse_layer(address)
    return f"what the port's {layer.path} {'is given' if layer.role == 'in' else 'returns'} is"


class _Step(NamedTuple):
    """One call on the way, and what else it is given, by address."""

    path: str
    beside: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Said:
    """What the port does there, in words, and the calls."""

    words: str
    calls: tuple[str, ...]


class _Flow:
    """What each call of both sides takes, and which calls one side alone makes."""

    def __init__(self, reference: Trace, port: Trace) -> None:
        self.reference, self.port = reference, port
        self._counts = [_counts(trace) for trace in (reference, port)]
        self._given = [given_by_call(trace.records) for trace in (reference, port)]

    def extra(self, address: str) -> _Said | None:
        """Calls of the port that take the right tensor, and make of it what is there."""
        made = self._made(address)
        return self._made_by_extra(made, address) or self._through_the_maker(made, address)

    def _made_by_extra(self, made: str, address: str) -> _Said | None:
        chain = self._chain(made, address, _MOST_CALLS)
        paths = [step.path for step in chain]
        if not chain or not self._are_extra(paths):
            return None
        right = origin(self.reference.records, address)
        name = "the right tensor" if right == address else f"the reference's {right}"
        calls = " and then ".join(self._said(step.path, step.beside) for step in chain)
        words = f"what {calls} of the port makes of {name}, which the reference does not do to it"
        return _Said(words, tuple(paths))

    def _through_the_maker(self, made: str, address: str) -> _Said | None:
        """The same where both sides call one kind of function last: of what the port gives to its call."""
        right = origin(self.reference.records, address)
        if not addresses.is_result(made) or not addresses.is_result(right):
            return None
        its, ours = (addresses.parse_layer(name) for name in (made, right))
        taken, should = (given.get((layer.path, layer.call), []) for given, layer in
                         zip(self._given[::-1], (its, ours), strict=True))  # fmt: skip
        if _kind(its.path) != _kind(ours.path) or len(taken) != len(should):
            return None
        wrong = [
            (one, other) for one, other in zip(taken, should, strict=True) if not self._is_right(one, other)
        ]
        if len(wrong) != 1:
            return None
        said = self._made_by_extra(origin(self.port.records, wrong[0][0]), wrong[0][1])
        if said is not None and _kind(ours.path) in map(_kind, said.calls):
            return None  # which of them is the one more?
        return said and _Said(f"what {with_noun(ours.path)} makes of {said.words}", said.calls)

    def instead(self, address: str) -> _Said | None:
        """The call of the port that takes what the reference's maker of a tensor takes."""
        if not self.port.complete:
            return None  # it may yet call that
        made, right = self._made(address), origin(self.reference.records, address)
        if not addresses.is_result(made) or not addresses.is_result(right):
            return None
        its, ours = (addresses.parse_layer(name) for name in (made, right))
        if self._more(its.path) <= 0 or self._more(ours.path) >= 0 or _are_alike(its.path, ours.path):
            return None
        taken = self._given[1].get((its.path, its.call), [])
        should = self._given[0].get((ours.path, ours.call), [])
        if not taken or len(taken) != len(should):
            return None
        if not all(any(self._is_right(one, other) for other in should) for one in taken):
            return None
        given = ", ".join(origin(self.reference.records, one) for one in should[:_MOST_TOLD])
        own, place = self._said(its.path), with_noun(ours.path)
        words = f"what {own} of the port makes of {given}, in the place of {place}"
        return _Said(words, (its.path,))

    def _made(self, address: str) -> str:
        """The result that a tensor of the port is; by its elements where a view lies between."""
        made = origin(self.port.records, address)
        record = self.port.records[made]
        if addresses.is_result(made) or not made.startswith("layer:") or record.size > _LARGEST:
            return made
        viewed = self.port.array(made)
        for name in self._results.get(record.size, []):
            tensor = self.port.array(name)
            if viewed is not None and tensor is not None and same_elements(tensor, viewed, 0.0):
                return name
        return made

    @cached_property
    def _outer(self) -> dict[str, list[str]]:
        return handed_on(self.port.records)

    @cached_property
    def _results(self) -> dict[int, list[str]]:
        """Results of calls that the port makes more, by their sizes."""
        found: dict[int, list[str]] = defaultdict(list)
        for address, record in self.port.records.items():
            is_own = record.alias is None and addresses.is_result(address)
            if is_own and self._more(addresses.parse_layer(address).path) > 0:
                found[record.size].append(address)
        return found

    def _chain(self, made: str, right: str, most: int) -> list[_Step]:
        """The calls that make a tensor of the right one, the first one first; none where they do not."""
        if not most or not addresses.is_result(made):
            return []
        for name in (*self._outer.get(made, ()), made):
            chain = self._chain_of(addresses.parse_layer(name), right, most)
            if chain:
                return chain
        return []

    def _chain_of(self, layer: LayerAddress, right: str, most: int) -> list[_Step]:
        if self._more(layer.path) <= 0:
            return []
        given = self._given[1].get((layer.path, layer.call), [])
        for one in given:
            if self._is_right(one, right):
                return [self._step(layer.path, given, one)]
        for one in given:
            before = self._chain(origin(self.port.records, one), right, most - 1)
            if before:
                return [*before, self._step(layer.path, given, one)]
        return []

    def _step(self, path: str, given: Sequence[str], taken: str) -> _Step:
        others = [origin(self.port.records, one) for one in given if one != taken]
        return _Step(path, tuple(others[:_MOST_BESIDE]))

    def _are_extra(self, chain: Sequence[str]) -> bool:
        """Whether the port makes so many calls more of each kind."""
        return all(self._more(path) >= count for path, count in Counter(map(_kind, chain)).items())

    def _more(self, path: str) -> int:
        """How many calls of a layer, or of operations of a kind in a module, the port makes more."""
        ours, its = self._counts
        return its[_kind(path)] - ours[_kind(path)]

    def _is_right(self, given: str, right: str) -> bool:
        """Whether what a call of the port is given is a tensor of the reference: by name, or by values."""
        own, wanted = origin(self.port.records, given), origin(self.reference.records, right)
        if own == wanted and self._is_steady(own):
            return True
        its, ours = self.port.records[own], self.reference.records.get(wanted)
        if ours is None or ours.size != its.size or not _FEWEST <= its.size <= _LARGEST:
            return False
        held, tensor = self.port.array(own), self.reference.array(wanted)
        return held is not None and tensor is not None and _are_near(held, tensor)

    def _is_steady(self, address: str) -> bool:
        """Whether a name means the same on both sides: where kinds of calls differ, numbers move on."""
        if not address.startswith("layer:"):
            return True
        return addresses.is_result(address) and self._more(addresses.parse_layer(address).path) == 0

    def _said(self, path: str, beside: Sequence[str] = ()) -> str:
        """A call with the plain arguments that it is told, and what else it takes."""
        told = layer_note(self.port, path).attributes if "/" in path else {}
        shown = [_noun(path)] if "/" in path else []
        shown += [f"{name}={value}" for name, value in list(told.items())[:_MOST_TOLD]]
        shown += [f"with {name}" for name in beside]
        return f"{path} ({', '.join(shown)})" if shown else path


def with_noun(path: str) -> str:
    """A call, and what it does where that is an operation."""
    return f"{path} ({_noun(path)})" if "/" in path else path


def _noun(path: str) -> str:
    """What an operation does."""
    kind = _kind(path).rpartition("/")[2]
    return NOUNS.get(kind, kind)


def _counts(trace: Trace) -> Counter[str]:
    """How many calls there are of each layer, and of operations of each kind in each module."""
    calls = set(_calls(trace))
    return Counter(_kind(path) for path, _ in calls)


def _calls(trace: Trace) -> Iterator[tuple[str, int]]:
    for address in trace.records:
        if addresses.is_result(address):
            layer = addresses.parse_layer(address)
            yield layer.path, layer.call


def _kind(path: str) -> str:
    """A layer, or operations of a kind in a module, whatever their numbers are."""
    return path.rpartition(".")[0] if "/" in path and path.rpartition(".")[2].isdigit() else path


def _are_alike(one: str, other: str) -> bool:
    """Whether one function may stand for the other."""
    names = {_kind(path).rpartition("/")[2] for path in (one, other)}
    return any(names <= group for group in _LIKE_ANOTHER)


def _are_near(its: Array, ours: Array) -> bool:
    """Whether both hold the same values, in whatever order, and enough different ones."""
    if len(np.unique(ours.flat[:_LOOKED_AT])) < _FEWEST:
        return False
    return same_elements(ours, its, _ALIKE * float(np.linalg.norm(ours.astype(np.float64))))
