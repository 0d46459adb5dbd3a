"""Layers that the port calls in another order than the reference: by the order of both records."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from harness import address as addresses
from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows import orders
from harness.flows.call_counts import calls
from harness.flows.forced_flow import ForcedFlow
from harness.flows.taken_by_calls import Call, given_by_call
from harness.trace import Record

SKIPPED = "is skipped"


def told(
    sources: Sequence[Source],
    causes: Sequence[Cause],
    reference: Mapping[str, Record],
    port: Iterable[str],
    flow: ForcedFlow,
) -> list[Cause]:
    """The causes, where what a layer takes comes of another order; `port` are addresses.

    What the port calls elsewhere is not skipped: only its place is another one. Where a layer is not called
    as many times by both sides, its first calls are not the same, and their order tells nothing. Nor does
    that of two layers of which the second one takes nothing that comes of the first. Another order is
    claimed where `flow` shows that each takes what it should in that order.
    """
    port = list(port)
    ours, its = _first_places(reference), _first_places(port)
    every = calls(reference), calls(port)
    counts = _comparable(*every)
    alike = [
        {path: place for path, place in both.items() if _is_as_often(path, *counts)} for both in (ours, its)
    ]
    wrong = [source.address for source in sources if _path(source.address)]
    pairs = [
        pair
        for pair in dict.fromkeys(_exchanged(sources, causes, *alike))
        if (between := _between(*pair, reference, wrong)) and flow.shows_order(*pair, between)
    ]
    return [
        _in_order(source, cause, pairs, reference) or _elsewhere(source, cause, *every)
        for source, cause in zip(sources, causes, strict=True)
    ]


def _first_places(recorded: Iterable[str]) -> dict[str, int]:
    """Where each layer or operation, or the first operation in a layer, returned something first."""
    found: dict[str, int] = {}
    for place, address in enumerate(recorded):
        if addresses.is_result(address):
            layer = addresses.parse_layer(address)
            found.setdefault(layer.module, place)
            found.setdefault(layer.path, place)
    return found


def _comparable(ours: dict[str, int], its: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """How often both sides call what has the same name there.

    Operations are numbered in their module: where one of them is missing, the names of the others move on.
    """
    kinds = [Counter(path.rpartition(".")[0] for path in side if "/" in path) for side in (ours, its)]
    moved = {kind for kind in kinds[0] | kinds[1] if kinds[0][kind] != kinds[1][kind]}
    left = {path: 0 if path.rpartition(".")[0] in moved else count for path, count in ours.items()}
    return left, its


def _is_as_often(path: str, ours: dict[str, int], its: dict[str, int]) -> bool:
    return ours.get(path) in (None, its.get(path, ours.get(path)))


def _exchanged(
    sources: Sequence[Source], causes: Sequence[Cause], ours: dict[str, int], its: dict[str, int]
) -> Iterable[tuple[str, str]]:
    """Pairs of layers, the reference's first one first, that the port calls the other way round."""
    taken = [(source, name) for source, cause in zip(sources, causes, strict=True) for name in _taken(cause)]
    for source, name in taken:
        exact = _path(source.address), _path(name)
        one, other = _siblings(*exact)
        if not all(path in both for path in (one, other) for both in (ours, its)):
            one, other = exact  # what is called through another name
        if (
            addresses.lies_in(other, one)
            or addresses.lies_in(one, other)
            or not all(path in both for path in (one, other) for both in (ours, its))
        ):
            continue
        first, last = sorted((one, other), key=ours.__getitem__)
        if its[last] < its[first]:
            yield first, last


def _between(first: str, last: str, records: Mapping[str, Record], wrong: Sequence[str]) -> set[Call]:
    """The calls by which a layer takes what comes of another one, itself among them; none where it does not.

    If something between them is not recorded, it does where another layer between is given something wrong.
    """
    places = {address: place for place, address in enumerate(records)}
    given = given_by_call(records)
    begin = min(place for address, place in places.items() if addresses.lies_in(_path(address), first))
    waiting = [key for key in given if addresses.lies_in(key[0], last) and key[1] == 0]
    seen, unknown, feeds = set(waiting), False, False
    while waiting:
        call = waiting.pop()
        for address in given.get(call, ()):
            made = records[address].alias
            if places[address] < begin:
                continue  # it was there before
            if made is None:
                unknown = True
                around = [outer for outer in _around(call, given) if outer not in seen]
                seen.update(around)
                waiting += around
            elif addresses.lies_in(_path(made), first):
                feeds = True
            elif addresses.is_result(made) and _key(made) not in seen:
                seen.add(_key(made))
                waiting.append(_key(made))
    beside = any(_key(address) in seen and not addresses.lies_in(_path(address), first) for address in wrong)
    return seen if feeds or (unknown and beside) else set()


def _around(call: Call, given: Mapping[Call, Sequence[str]]) -> list[Call]:
    """The call in which a call is made: what nothing recorded makes may come of what that is given."""
    path, number = call
    module, mark, _ = path.rpartition("/" if "/" in path else ".")
    return [outer for outer in ((module, number), (module, 0)) if mark and outer in given][:1]


def _key(address: str) -> Call:
    layer = addresses.parse_layer(address)
    return layer.path, layer.call


def _in_order(
    source: Source, cause: Cause, pairs: Sequence[tuple[str, str]], records: Mapping[str, Record]
) -> Cause | None:
    for first, last in pairs:
        if any(_concerns(source, name, first, last, records) for name in _taken(cause)):
            words = f"the order of {first} and {last} is exchanged: the port calls {last} before {first}."
            return orders.blamed(cause, words, (first, last))
    return None


def _concerns(source: Source, taken: str, first: str, last: str, records: Mapping[str, Record]) -> bool:
    """Whether a tensor is a result of two layers, or given to the last one what the first one should take."""
    if _path(taken) in (first, last):
        return True
    results = [records.get(addresses.layer(path, 0, "out")) for path in (first, last)]
    if any(result is not None and result.alias == taken for result in results):
        return True
    given = given_by_call(records)
    return _path(source.address) == last and any(
        records[name].alias == taken for name in given.get((first, 0), ())
    )


def _siblings(one: str, other: str) -> tuple[str, str]:
    """Two layers as their innermost common module calls them: one may be a part of what it calls."""
    if addresses.lies_in(other, one) or addresses.lies_in(one, other):
        return one, other
    ours, its = _parts(one), _parts(other)
    shared = next((place for place, (a, b) in enumerate(zip(ours, its, strict=False)) if a != b), None)
    if shared is None:  # what is taken is no layer's
        return one, other
    return "".join(ours[: shared + 1]), "".join(its[: shared + 1])


def _parts(path: str) -> list[str]:
    """A path cut where a layer in a layer begins; an operation of the model itself is one part."""
    return [path] if path.startswith(f"{addresses.ROOT}/") else re.findall(r"[./]?[^./]+", path)


def _taken(cause: Cause) -> list[str]:
    """The recorded tensors that the port's may be."""
    return [name for name in (cause.taken, *cause.also_taken) if name]


def _elsewhere(source: Source, cause: Cause, ours: Mapping[str, int], its: Mapping[str, int]) -> Cause:
    """A cause that says of no layer that it is skipped if the port calls it as often as the reference."""
    path = _path(cause.taken)
    if SKIPPED not in cause.sentence or not path or path == _path(source.address):
        return cause
    if _count(path, its) < max(1, _count(path, ours)):
        return cause
    said = rf"{re.escape(path)} {SKIPPED}(?: \((?P<what>.*?) is left out\))?"
    return dataclasses.replace(cause, sentence=re.sub(said, partial(_not_here, path), cause.sentence))


def _not_here(path: str, found: re.Match[str]) -> str:
    """That something is not applied, where it is called all the same."""
    what = f" ({found['what']})" if found["what"] else ""
    return f"{path}{what} is not applied here, and the port calls it elsewhere, or for nothing"


def _count(path: str, counts: Mapping[str, int]) -> int:
    """How often a layer is called; of an operation, whose number may have moved, all of its kind there."""
    if "/" not in path:
        return counts.get(path, 0)
    kind = path.rpartition(".")[0]
    return sum(count for other, count in counts.items() if other.rpartition(".")[0] == kind)


def _path(address: str) -> str:
    return addresses.parse_layer(address).path if address.startswith("layer:") else ""
