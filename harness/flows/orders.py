"""Two layers in the other order: several wrong inputs that have this one cause."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from harness import address as addresses
from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows.call_counts import origin
from harness.flows.forced_flow import ForcedFlow
from harness.flows.taken_by_calls import Call
from harness.trace import Record


def exchanged(sources: Sequence[Source], causes: Sequence[Cause], flow: ForcedFlow) -> list[Cause]:
    """The causes, where layers are found to run in another order with that for a cause.

    One layer is given what the layer before it should be given, and that one is given its result: both are
    sources, or `flow` shows it.
    """
    found = list(causes)
    for place, (source, cause) in enumerate(zip(sources, causes, strict=True)):
        later, earlier = _path(source.address, "in"), _path(cause.taken, "in")
        if not later or not earlier:
            continue
        for other, its in zip(sources, causes, strict=True):
            first, last = _path(other.address, "in"), _path(its.taken, "out")
            if not (first and last and addresses.lies_in(earlier, first) and addresses.lies_in(last, later)):
                continue
            if not flow.goes_on_with(later, first):
                found = _renamed(sources, found, first, later)
        after = causes[place + 1 :]
        takes = any(_path(its.taken, "out") == earlier for its in after)
        if found[place] is cause and takes and flow.shows_order(earlier, later, ()):
            found = _renamed(sources, found, earlier, later)  # it is not skipped: something takes its result
    return found


def given_crosswise(
    sources: Sequence[Source], causes: Sequence[Cause], records: Mapping[str, Record]
) -> list[Cause]:
    """The causes, where two layers are each given what the other one should be given."""
    found = list(causes)
    should = [origin(records, source.address) for source in sources]
    takes = [{origin(records, name) for name in all_taken(cause) if name} for cause in causes]
    for (place, source), (other, its) in combinations(enumerate(sources), 2):
        if should[other] in takes[place] and should[place] in takes[other]:
            one, two = _path(source.address, "in"), _path(its.address, "in")
            both = f"{one} and {two}" if one != two else _calls_of(one, source.address, its.address)
            words = f"what {both} are given is exchanged: each is given what the other should be given"
            words += ", in the other order" if _call(source.address) == _call(its.address) else ""
            words += f" (these are {should[place]} and {should[other]})."
            for number in (place, other) if one and two else ():
                found[number] = blamed(causes[number], words, tuple(dict.fromkeys((one, two))))
    return found


def _call(address: str) -> Call:
    layer = addresses.parse_layer(address)
    return layer.path, layer.call


def _calls_of(path: str, *inputs: str) -> str:
    """Calls of one layer, or inputs of one call, in words."""
    layers = [addresses.parse_layer(address) for address in inputs]
    if len({_call(address) for address in inputs}) == 1:
        return f"the inputs {' and '.join(layer.key for layer in layers)} of {path}"
    return f"calls {' and '.join(str(layer.call) for layer in layers)} of {path}"


def applied_before(
    sources: Sequence[Source], causes: Sequence[Cause], records: Mapping[str, Record], flow: ForcedFlow
) -> list[Cause]:
    """The causes, where a function is applied to each input of a sum or the like, not to its result.

    Each input of a call is that function of the right one, and the reference applies it to its result. In
    the port something takes that result as it is, in the place of the function of it.
    """
    found = list(causes)
    for path, call, members in _whole_calls(sources, records):
        for taker in _takers(addresses.layer(path, call, "out"), records):
            kind = records[taker].type.lower()
            if not kind or not all(
                causes[place].hypothesis.lower().startswith(f"{kind} of ") for place in members
            ):
                continue
            later = addresses.parse_layer(taker).path
            words = (
                f"the order of {path} and {later} is exchanged: the port applies {kind} before {path}, "
                f"to each of its inputs, and not after it, to its result."
            )
            result = addresses.layer(path, call, "out")
            if not flow.takes_result(taker, result):
                continue
            for place, cause in enumerate(causes):
                if place in members or result in all_taken(cause):
                    found[place] = blamed(cause, words, (path, later))
    return found


def _whole_calls(
    sources: Sequence[Source], records: Mapping[str, Record]
) -> Iterator[tuple[str, int, list[int]]]:
    """Calls of which every tensor that they are given is a source, with the places of these."""
    places = {source.address: place for place, source in enumerate(sources)}
    calls: dict[tuple[str, int], list[str]] = {}
    for address in records:
        if address.startswith("layer:"):
            layer = addresses.parse_layer(address)
            if layer.role == "in":
                calls.setdefault((layer.path, layer.call), []).append(address)
    for (path, call), given in calls.items():
        if len(given) > 1 and all(address in places for address in given):
            yield path, call, [places[address] for address in given]


def _takers(result: str, records: Mapping[str, Record]) -> list[str]:
    """The results of what takes a result alone."""
    found = []
    for address, record in records.items():
        if record.alias == result and _path(address, "in"):
            layer = addresses.parse_layer(address)
            made = addresses.layer(layer.path, layer.call, "out")
            if made in records:
                found.append(made)
    return found


def all_taken(cause: Cause) -> tuple[str, ...]:
    """The recorded tensors, each of which a cause says may be the one that is taken."""
    return (cause.taken, *cause.also_taken)


def blamed(cause: Cause, words: str, culprits: tuple[str, ...]) -> Cause:
    """The cause in other words, which tell of these layers."""
    return dataclasses.replace(cause, sentence=words, hypothesis=words, culprits=culprits)


def _renamed(sources: Sequence[Source], causes: list[Cause], first: str, later: str) -> list[Cause]:
    words = (
        f"the order of {first} and {later} is exchanged: {later} is given what {first} should be given, "
        f"and {first} comes after it."
    )
    both = (first, later)
    return [
        blamed(cause, words, both)
        if cause.taken and any(addresses.lies_in(_path(cause.taken), path) for path in both)
        else cause
        for source, cause in zip(sources, causes, strict=True)
    ]


def _path(address: str, role: str = "") -> str:
    """The layer of an address in a role; empty for any other address."""
    if not address.startswith("layer:"):
        return ""
    layer = addresses.parse_layer(address)
    return layer.path if role in ("", layer.role) else ""
