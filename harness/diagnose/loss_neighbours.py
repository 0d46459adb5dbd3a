"""Hypotheses about a loss: another measure of overlap, or two operations next to each other that differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, islice, product

from harness.answers import LossOperation, LossTensor
from harness.diagnose.losses import KIN
from harness.requests import Edit

_Edits = tuple[str, list[Edit]]
_MOST = 6000  # pairs of edits: as many are tried in some seconds
_PLAIN = (0.0, 1.0, 2.0)


def overlaps(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """Twice what two have in common over their sum, for what they have in common over their union."""
    for less in operations:
        if less.type == "sub" and len(less.given) == 2:
            common = less.given[1]
            for other, place in _takers(operations, common):
                if other is not less:
                    words = (
                        f"{common.name} counts twice in {other.path} and is not taken off in {less.path}: "
                        f"twice the intersection over the sum (Dice), not the intersection over the union"
                    )
                    yield words, [_before(other, place, "mul", 2.0), Edit(less.path, "input", place=0)]
    for twice in operations:
        if twice.type != "mul" or len(twice.given) != 1 or 2.0 not in twice.arguments.values():
            continue
        common = twice.given[0]
        for whole in operations:
            if whole.type == "add" and whole.made is not None and whole.made.shape == common.shape:
                words = (
                    f"{twice.path} is left out and {common.name} is taken off the result of {whole.path}: "
                    f"the intersection over the union, not twice the intersection over the sum (Dice)"
                )
                taken_off = Edit(whole.path, "combined", name=common.name, function="sub")
                yield words, [Edit(twice.path, "input"), taken_off]


def _takers(operations: Sequence[LossOperation], tensor: LossTensor) -> Iterator[tuple[LossOperation, int]]:
    for one in operations:
        for place, own in enumerate(one.given):
            if own.name == tensor.name:
                yield one, place


def neighbours(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """Edits of two operations: one takes what the other makes, they share a tensor, or are taken together."""
    return islice(_neighbours(operations), _MOST)


def _neighbours(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    simple = {one.path: list(_simple(one)) for one in operations}
    together = [{tensor.name for tensor in one.given} for one in operations]
    for one, other in combinations(operations, 2):
        if _are_near(one, other) or any({one.path, other.path} <= names for names in together):
            for (words, edit), (its_words, its) in product(simple[one.path], simple[other.path]):
                yield f"{words}, and {its_words}", [edit, its]


def _are_near(one: LossOperation, other: LossOperation) -> bool:
    theirs = {tensor.name for tensor in other.given}
    return one.path in theirs or bool(theirs & {tensor.name for tensor in one.given})


def _simple(one: LossOperation) -> Iterator[tuple[str, Edit]]:
    for place in range(min(one.tensors, 2)):
        words = f"{one.path} is left out" + (f" (its input {place} is taken)" if one.tensors > 1 else "")
        yield words, Edit(one.path, "input", place=place)
        said = f"input {place} of {one.path}"
        yield f"{said} is doubled before", _before(one, place, "mul", 2.0)
        yield f"{said} is negated before", _before(one, place, "neg")
        yield f"{said} is taken from 1 before", _before(one, place, "__rsub__", 1.0)
    for kin in KIN:
        for other in kin if one.type in kin else ():
            if other != one.type:
                words = f"{one.path} is {other} in place of {one.type}"
                yield words, Edit(one.path, "function", function=other)
    for name, now in one.arguments.items():
        for value in _PLAIN if isinstance(now, float) and name.isdigit() else ():
            if value != now:
                words = f"{one.path} has {value:g} in place of {now:g}"
                yield words, Edit(one.path, "argument", name=name, value=value)


def _before(one: LossOperation, place: int, function: str, *value: float) -> Edit:
    return Edit(one.path, "before", function=function, value=list(value) or None, place=place)
