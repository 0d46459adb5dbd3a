"""Calls that are left out on a tensor's way: the port takes one from several calls before.

A cause that says which recorded tensor the port takes is told what the reference does to that tensor before
it is the right one. Where one call alone is passed by, the cause says so itself. Where the first of these
calls is given what the maker of that tensor should be given, that maker is only called later; where it is
given the result of the call that takes the tensor, that call is only made before them.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Collection, Iterator, Sequence

from harness import address as addresses
from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows.call_counts import origin
from harness.flows.extra_calls import with_noun
from harness.flows.orders import all_taken, blamed
from harness.flows.taken_by_calls import given_by_call, handed_on, holding
from harness.trace import Trace

_MOST_CALLS, _MOST_LOOKED_AT = 4, 200
_SAID_BY_ITSELF = ("is skipped", "is not applied here", "the order of", "is exchanged")


def told(sources: Sequence[Source], causes: Sequence[Cause], reference: Trace) -> list[Cause]:
    """The causes; to those that take an earlier tensor the calls are added that lie between.

    Orders come first: a call that is moved is left out nowhere.
    """
    ways, found = _Ways(reference), list(causes)
    between = [_between(source, cause, ways) for source, cause in zip(sources, causes, strict=True)]
    for place, calls in enumerate(between):
        _tell_order(sources, causes, found, place, calls, ways)
    orders = [cause for cause, before in zip(found, causes, strict=True) if cause is not before]
    for place, calls in enumerate(between):
        moved = next((cause for cause in orders if set(calls) <= set(cause.culprits)), None)
        if calls and moved is not None:
            found[place] = blamed(causes[place], moved.sentence, moved.culprits)
        elif calls:
            words = f"{causes[place].sentence} The reference makes the right tensor of it by {_said(calls)}"
            found[place] = dataclasses.replace(causes[place], sentence=f"{words}: left out here.")
    return found


def _between(source: Source, cause: Cause, ways: _Ways) -> list[str]:
    """The calls between what a source takes and what is right; none where its cause says it already."""
    taken = cause.taken or cause.part_of
    said = any(words in cause.sentence for words in _SAID_BY_ITSELF)
    return ways.between(taken, source.address) if taken and not said else []


def _said(calls: Sequence[str]) -> str:
    return " and then ".join(with_noun(path) for path in calls)


def _tell_order(
    sources: Sequence[Source],
    causes: Sequence[Cause],
    found: list[Cause],
    place: int,
    calls: Sequence[str],
    ways: _Ways,
) -> None:
    """Put in the order of calls of which one is moved behind, or before, all others."""
    early = _given_early(sources, causes, calls, ways.given_to_the_maker(causes[place].taken))
    late = _given_late(sources, causes, calls, sources[place].address)
    both = " and ".join(calls)
    if early is not None:
        own = addresses.parse_layer(causes[place].taken).path
        words = f"the order of {own} and {both} is exchanged: the port calls {own} after {_said(calls)}."
    elif late is not None:
        own = addresses.parse_layer(sources[place].address).path
        words = f"the order of {both} and {own} is exchanged: the port calls {own} before {_said(calls)}."
    else:
        return
    for number in (place, early if early is not None else late):
        assert number is not None
        found[number] = blamed(causes[number], words, (own, *calls))


def _given_early(
    sources: Sequence[Source], causes: Sequence[Cause], between: Sequence[str], given: Collection[str]
) -> int | None:
    """The source that shows that the first of some calls is given what comes before them all."""
    for number, (source, cause) in enumerate(zip(sources, causes, strict=True)):
        if (
            between
            and given
            and source.address.startswith("layer:")
            and any(name in given for name in all_taken(cause))
        ):
            layer = addresses.parse_layer(source.address)
            if layer.role == "in" and addresses.lies_in(layer.path, between[0]):
                return number
    return None


def _given_late(
    sources: Sequence[Source], causes: Sequence[Cause], between: Sequence[str], taker: str
) -> int | None:
    """The source that shows that the first of some calls is given what comes of the call behind them all."""
    if not between or not taker.startswith("layer:"):
        return None
    behind = addresses.parse_layer(taker)
    for number, (source, cause) in enumerate(zip(sources, causes, strict=True)):
        if not source.address.startswith("layer:"):
            continue
        layer = addresses.parse_layer(source.address)
        results = [addresses.parse_layer(name) for name in all_taken(cause) if addresses.is_result(name)]
        takes_it = any(addresses.lies_in(one.path, behind.path) for one in results)
        if layer.role == "in" and addresses.lies_in(layer.path, between[0]) and takes_it:
            return number
    return None


class _Ways:
    """Which calls of the reference take which tensors, and what they make."""

    def __init__(self, trace: Trace) -> None:
        self.trace, self.records = trace, trace.records
        self._given = given_by_call(self.records)
        self._outer = handed_on(self.records)

    def between(self, taken: str, right: str) -> list[str]:
        """The calls that make a tensor of an earlier one, the first one first; none where they do not."""
        if taken not in self.records or right not in self.records:
            return []
        begin, end = (origin(self.records, name) for name in (taken, right))
        return self._found(begin, end) or self._found(begin, self._whole(right))

    def _found(self, begin: str, end: str) -> list[str]:
        waiting = deque([(end, list[str]())])
        looked_at = 0
        while waiting and looked_at < _MOST_LOOKED_AT:
            made, after = waiting.popleft()
            looked_at += 1
            for path, given in self._made_by(made) if len(after) < _MOST_CALLS else ():
                if given == begin:
                    return [path, *after]
                waiting.append((given, [path, *after]))
        return []

    def _whole(self, right: str) -> str:
        """The last result that a tensor is cut out of: a slice is recorded as no call."""
        names = list(self.records)
        before = reversed(names[: names.index(right)])
        results = (name for name in before if addresses.is_result(name) and self.records[name].alias is None)
        return next(holding(right, self.trace, results), right)

    def given_to_the_maker(self, made: str) -> set[str]:
        """By all their names, what the layer is given that returns a tensor; nothing for an input."""
        layer = addresses.parse_layer(made) if addresses.is_result(made) else None
        given = self._given.get((layer.path, layer.call), []) if layer is not None else []
        return {*given, *(origin(self.records, name) for name in given)}

    def _made_by(self, made: str) -> Iterator[tuple[str, str]]:
        """The calls that return a tensor, whole modules first, and what each of them is given."""
        for name in (*self._outer.get(made, ()), made):
            if addresses.is_result(name):
                layer = addresses.parse_layer(name)
                for given in self._given.get((layer.path, layer.call), ()):
                    yield layer.path, origin(self.records, given)
