"""Hypotheses about a loss that change several of its operations at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

from harness.answers import LossOperation
from harness.diagnose.losses import KIN, MOST_AXES, NUMBERS, other_values, places_of_numbers, plain_numbers_of
from harness.requests import Edit

_Edits = tuple[str, list[Edit]]


def pairs(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """Edits of two operations or more, each with its words."""
    yield from _terms_exchanged(operations)
    yield from _same_axes_twice(operations)
    yield from _exchanged(operations)  # the most of all


def settings(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """What one setting of a loss changes in several operations at once, each with its words."""
    yield from _same_argument_everywhere(operations)
    yield from _same_number_twice(operations)


def everywhere(
    operations: Sequence[LossOperation], edits: Callable[[Sequence[LossOperation]], Iterator[_Edits]]
) -> Iterator[_Edits]:
    """Edits of an operation that one place in the code runs several times, made in all these runs."""
    alike: dict[tuple[str, ...], list[LossOperation]] = {}
    for one in operations:
        if one.where:
            alike.setdefault((one.where, one.type, repr(one.arguments), str(one.tensors)), []).append(one)
    for first, *others in alike.values():
        for words, changes in edits([first]) if others else ():
            if all(change.path == first.path for change in changes):
                more = " and ".join(one.path for one in others)
                again = [dataclasses.replace(change, path=one.path) for one in others for change in changes]
                yield f"{words}, and in {more} alike", [*changes, *again]


def _same_argument_everywhere(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """An argument that all operations of a kind are given alike, as one setting makes it, is another one."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    values: dict[tuple[str, str, str], Any] = {}
    for one in operations:
        for name, now in one.arguments.items():
            key = one.type, name, repr(now)
            alike.setdefault(key, []).append(one.path)
            values[key] = now
    for (kind, name, _), paths in alike.items():
        for value in other_values(kind, name, values[kind, name, _]) if len(paths) > 1 else ():
            words = f"{' and '.join(paths)} have {name}={value}"
            yield words, [Edit(path, "argument", name=name, value=value) for path in paths]


def _terms_exchanged(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """Two operations whose results are taken together: each has an input of the other."""
    makers = {one.path: one for one in operations}
    for taker in operations:
        makes = [makers[tensor.name] for tensor in taker.given if tensor.name in makers]
        for one, other in combinations(makes, 2):
            for place, own in enumerate(one.given):
                for its_place, its in enumerate(other.given):
                    if own.shape == its.shape and own.name != its.name:
                        words = (
                            f"input {place} of {one.path} and input {its_place} of {other.path} are exchanged"
                        )
                        yield (
                            words,
                            [
                                Edit(one.path, "taken", place=place, function=its.name),
                                Edit(other.path, "taken", place=its_place, function=own.name),
                            ],
                        )


def _exchanged(operations: Sequence[LossOperation]) -> Iterator[tuple[str, list[Edit]]]:
    """Two numbers that are exchanged, as the weights of two classes."""
    numbers = [(one.path, name, now) for one in operations for name, now in plain_numbers_of(one)]
    for (one, name, now), (other, its_name, its) in combinations(numbers, 2):
        if now != its and one.partition(".")[0] == other.partition(".")[0]:
            words = f"{now:g} of {one} and {its:g} of {other} are exchanged"
            both = [(one, name, its), (other, its_name, now)]
            yield words, [Edit(path, "argument", name=key, value=value) for path, key, value in both]


def _same_number_twice(operations: Sequence[LossOperation]) -> Iterator[tuple[str, list[Edit]]]:
    """One number that comes up in several places is another one in all of them."""
    for now, found in places_of_numbers(operations).items():
        for value in NUMBERS if len(found) > 1 else ():
            if value != now:
                paths = " and ".join(path for path, _ in found)
                words = f"{value:g} stands in place of {now:g} in {paths}"
                yield words, [Edit(path, "argument", name=name, value=value) for path, name in found]


def _same_axes_twice(operations: Sequence[LossOperation]) -> Iterator[tuple[str, list[Edit]]]:
    """Reductions over the same axes, as one setting makes them, that run over other ones."""
    alike: dict[tuple[Any, ...], list[str]] = {}
    for one in operations:
        if one.type in KIN[0] and one.made is not None and 1 < one.rank <= MOST_AXES:
            alike.setdefault((one.type, one.rank, *one.shape, *one.made.shape), []).append(one.path)
    for (_, rank, *_), paths in alike.items():
        for count in range(1, rank + 1 if len(paths) > 1 else 1):
            for axes in combinations(range(rank), count):
                words = f"{' and '.join(paths)} run over axes {axes}"
                yield words, [Edit(path, "axes", value=list(axes)) for path in paths]
