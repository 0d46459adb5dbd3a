"""Two layers in the other order: several wrong inputs that have this one cause."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import combinations

from harness import address as addresses
from harness.alignment_rows import Source
from harness.diagnose import Cause


def exchanged(sources: Sequence[Source], causes: Sequence[Cause]) -> list[Cause]:
    """The causes, where layers are found to run in another order with that for a cause.

    One layer is given what the layer before it should be given, and that one is given its result.
    """
    found = list(causes)
    for place, (source, cause) in enumerate(zip(sources, causes, strict=True)):
        later, earlier = _path(source.address, "in"), _path(cause.taken, "in")
        if not later or not earlier:
            continue
        for other, its in zip(sources, causes, strict=True):
            first, last = _path(other.address, "in"), _path(its.taken, "out")
            if first and last and _is_same(earlier, first) and _is_same(last, later):
                found = _renamed(sources, found, first, later)
        after = causes[place + 1 :]
        if found[place] is cause and any(_path(its.taken, "out") == earlier for its in after):
            found = _renamed(sources, found, earlier, later)  # it is not skipped: something takes its result
    return found


def given_crosswise(sources: Sequence[Source], causes: Sequence[Cause]) -> list[Cause]:
    """The causes, where two layers are each given what the other one should be given."""
    found = list(causes)
    for (place, source), (other, its) in combinations(enumerate(sources), 2):
        if its.address in _takes(causes[place]) and source.address in _takes(causes[other]):
            one, two = _path(source.address, "in"), _path(its.address, "in")
            words = (
                f"what {one} and {two} are given is exchanged: each is given what the other should be given."
            )
            for number in (place, other) if one and two else ():
                found[number] = blamed(causes[number], words, (one, two))
    return found


def _takes(cause: Cause) -> tuple[str, ...]:
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
        if cause.taken and any(_is_same(_path(cause.taken), path) for path in both)
        else cause
        for source, cause in zip(sources, causes, strict=True)
    ]


def _path(address: str, role: str = "") -> str:
    """The layer of an address in a role; empty for any other address."""
    if not address.startswith("layer:"):
        return ""
    layer = addresses.parse_layer(address)
    return layer.path if role in ("", layer.role) else ""


def _is_same(inner: str, outer: str) -> bool:
    """Whether a layer is another one, or makes that one's result inside of it."""
    return inner == outer or inner.startswith((f"{outer}.", f"{outer}/"))
