"""Layers that the port calls in another order than the reference: by the order of both records."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from harness import address as addresses
from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows import orders
from harness.flows.call_counts import calls

SKIPPED = "is skipped"


def told(
    sources: Sequence[Source], causes: Sequence[Cause], reference: Iterable[str], port: Iterable[str]
) -> list[Cause]:
    """The causes, where what a layer takes comes of another order; `reference` and `port` are addresses.

    What the port calls elsewhere is not skipped: only its place is another one. Where a layer is not called
    as many times by both sides, its first calls are not the same, and their order tells nothing.
    """
    reference, port = list(reference), list(port)
    ours, its = _first_places(reference), _first_places(port)
    counts = calls(reference), calls(port)
    alike = [
        {path: place for path, place in both.items() if _is_as_often(path, *counts)} for both in (ours, its)
    ]
    pairs = list(_exchanged(sources, causes, *alike))
    return [
        _in_order(cause, pairs) or _elsewhere(source, cause, its)
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


def _is_as_often(path: str, ours: dict[str, int], its: dict[str, int]) -> bool:
    return ours.get(path) in (None, its.get(path, ours.get(path)))


def _exchanged(
    sources: Sequence[Source], causes: Sequence[Cause], ours: dict[str, int], its: dict[str, int]
) -> Iterable[tuple[str, str]]:
    """Pairs of layers, the reference's first one first, that the port calls the other way round."""
    taken = [(source, name) for source, cause in zip(sources, causes, strict=True) for name in _taken(cause)]
    for source, name in taken:
        one, other = _path(source.address), _path(name)
        if (
            _is_around(one, other)
            or _is_around(other, one)
            or not all(path in both for path in (one, other) for both in (ours, its))
        ):
            continue
        first, last = sorted((one, other), key=ours.__getitem__)
        if its[last] < its[first]:
            yield first, last


def _is_around(outer: str, path: str) -> bool:
    return path == outer or path.startswith((f"{outer}.", f"{outer}/"))


def _in_order(cause: Cause, pairs: Sequence[tuple[str, str]]) -> Cause | None:
    for first, last in pairs:
        if any(_path(name) in (first, last) for name in _taken(cause)):
            words = f"the order of {first} and {last} is exchanged: the port calls {last} before {first}."
            return orders.blamed(cause, words, (first, last))
    return None


def _taken(cause: Cause) -> list[str]:
    """The recorded tensors that the port's may be."""
    return [name for name in (cause.taken, *cause.also_taken) if name]


def _elsewhere(source: Source, cause: Cause, its: dict[str, int]) -> Cause:
    """A cause that says of no layer that it is skipped if the port does call it."""
    path = _path(cause.taken)
    if SKIPPED not in cause.sentence or not path or path not in its or path == _path(source.address):
        return cause
    said = f"{path} {SKIPPED}"
    words = cause.sentence.replace(said, f"{path} is not applied here, and the port calls it elsewhere")
    return dataclasses.replace(cause, sentence=words)


def _path(address: str) -> str:
    return addresses.parse_layer(address).path if address.startswith("layer:") else ""
