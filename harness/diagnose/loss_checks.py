"""Hypotheses about a loss: one of its comparisons is another one, or holds everywhere or nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.answers import COMPARISONS, LossOperation
from harness.requests import CODE, Edit

HOLDS = "holds"
CHOOSES = (*COMPARISONS, "topk", "sort", "argsort", "argmax", "argmin")
"""Operations whose result says which elements are taken."""
_STEP = "add"
_UNRELATED = 3
_MOST_PLACES = 6


def edits(operations: Sequence[LossOperation]) -> Iterator[tuple[str, list[Edit]]]:
    """Edits of one comparison, each with its words."""
    for operation in operations:
        if operation.type in COMPARISONS:
            yield from _of_one(operation.path, operation.type)


def _of_one(path: str, kind: str) -> Iterator[tuple[str, list[Edit]]]:
    yield f"{path} holds everywhere: the check is missing", [Edit(path, HOLDS, value=True)]
    yield f"{path} holds nowhere: what it chooses is left out", [Edit(path, HOLDS, value=False)]
    for other in COMPARISONS:
        if other != kind:
            yield f"{path} is {other} in place of {kind}", [Edit(path, "function", function=other)]
    for step in (1, -1):
        words = f"input 0 of {path} is one {'more' if step > 0 else 'less'}: the check is off by one"
        yield words, [Edit(path, "before", function=_STEP, value=[step])]


_LEFT_OUT = "left out"
_UNLIKELY = ("before", "combined", "taken", "result taken")


_ARBITRARY = ("before", "combined", "times", "number")
_PLAIN = ("neg", "__rsub__", _STEP, "floor", "ceil", "round")


def is_arbitrary(edits: Sequence[Edit]) -> bool:
    """Whether edits are one of many functions or factors that could as well be any other."""
    return all(edit.how in _ARBITRARY and edit.function not in _PLAIN for edit in edits)


def far_fetched(trial: tuple[str, Sequence[Edit]]) -> tuple[int, int]:
    """How unlikely a change is among those that give the same.

    Another setting is likelier than a step that is left out or another function, this than another
    distance, and that than a function or a tensor that has no business there.
    """
    hows = {edit.how for edit in trial[1]}
    if hows == {"argument"}:
        return 0, len(trial[1])
    if _LEFT_OUT in trial[0]:
        return 1, len(trial[1])
    return 3 if hows & set(_UNLIKELY) else 2 if "distance" in hows else 1, len(trial[1])


def alike(edits_met: Sequence[Sequence[Edit]]) -> list[int]:
    """Which of some edits that give the same are worth telling, by their places in the order.

    Where a comparison that holds everywhere or nowhere is one of them, functions of what is compared say no
    more: they only make it so. Where several functions of one tensor are all there is, none is likelier.
    """
    whole = range(len(edits_met))
    holds = [place for place in whole if edits_met[place][0].how == HOLDS]
    before = [place for place in whole if edits_met[place][0].how == "before"]
    if holds:
        return [*holds, *(place for place in whole if place not in (*holds, *before))]
    functions = {edits_met[place][0].function for place in before}
    places = {(edits_met[place][0].path, edits_met[place][0].place) for place in before}
    unrelated = len(functions) >= _UNRELATED and len(places) == 1
    return [place for place in whole if place not in before] if unrelated else list(whole)


def definite_first(met: Sequence[tuple[str, list[Edit]]]) -> list[tuple[str, list[Edit]]]:
    """Slips in code, those first that are not one of several in the place where they are.

    Where several numbers or variables in one place give the same, what stands there hardly matters.
    """
    places = [[(edit.path, edit.value[0][0]) for edit in changes if edit.how == CODE] for _, changes in met]
    several = [bool(own) and places.count(own) >= _UNRELATED for own in places]
    return [met[place] for place in sorted(range(len(met)), key=several.__getitem__)]


def of_each_place(
    met: Sequence[tuple[str, list[Edit]]], where: Mapping[str, str]
) -> list[tuple[str, list[Edit]]]:
    """Changes that give the same: the first of each place in the code, then what else stands there."""
    chosen = _first_of_places(met, where)
    return [met[number] for number in (*chosen, *(one for one in range(len(met)) if one not in chosen))]


def in_many_places(met: Sequence[tuple[str, list[Edit]]], where: Mapping[str, str]) -> bool:
    """Whether changes that choose the same stand in so many places that none is likelier."""
    return len(_first_of_places(met, where)) > _UNRELATED


def _first_of_places(met: Sequence[tuple[str, list[Edit]]], where: Mapping[str, str]) -> list[int]:
    firsts: dict[str, int] = {}
    for number, (words, changes) in enumerate(met):
        own, in_code = changes[0].path, words.removeprefix("in ").partition("), ")[0] + ")"
        place = in_code if changes[0].how == CODE else where.get(own, own)
        firsts.setdefault(place, number)
    return list(firsts.values())


def scattered(edits_met: Sequence[Sequence[Edit]]) -> bool:
    """Whether slips in code that give the same stand in many places: then none is told from the others."""
    places = {(edit.path, edit.place) for edits in edits_met for edit in edits if edit.how == CODE}
    return len(places) > _MOST_PLACES
