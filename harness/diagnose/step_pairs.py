"""Two things are wrong with a step at once: each parameter has its own of them, or both, or none.

A variant changes what all parameters are given, such as gradients that are not clipped; a formula changes how
one is moved. At most two changes are combined, and only where one alone does not make the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.diagnose.passes import listed
from harness.diagnose.step_formulas import Changed, Formula, both_changes

Makes = Callable[[str, Formula, str], bool]
AS_IT_IS = ""
_MOST_FOUND = 4
_PER_GROUP = 3


@dataclass(frozen=True)
class StepParts:
    """The step as it is looked at: `makes` says whether a formula, in a variant, makes one parameter's.

    `groups` are the recipe's, each with its parameters, the smallest first; `variants` and `changes` are
    those that are tried, with their words.
    """

    makes: Makes
    groups: Mapping[str, Sequence[str]]
    variants: Mapping[str, str]
    changes: Sequence[tuple[str, Changed]]

    @property
    def names(self) -> list[str]:
        """All parameters."""
        return [name for members in self.groups.values() for name in members]

    def first_looked_at(self) -> list[str]:
        """A few of each group, weights and biases: most pairs fail on them already."""
        chosen: list[str] = []
        for members in self.groups.values():
            ends = dict.fromkeys(name.rpartition(".")[2] for name in members)
            for end in ends:
                chosen += [name for name in members if name.endswith(end)][:_PER_GROUP]
        return list(dict.fromkeys(chosen))


def cause_of_two(step: StepParts) -> str:
    """What makes the step where two things are changed, in words; empty where no two do."""
    found = list(_fitting(step))
    if not found:
        return ""
    first, *rest = found
    return f"{first} (the same: {'; '.join(rest[: _MOST_FOUND - 1])})" if rest else first


def _fitting(step: StepParts) -> Iterator[str]:
    names = step.first_looked_at()
    count = 0
    for variant, said in step.variants.items():
        covers = _covers(step, variant, names)
        for words in _of_variant(step, variant, said, names, covers):
            yield words
            count += 1
            if count == _MOST_FOUND:
                return


def _covers(step: StepParts, variant: str, names: Sequence[str]) -> dict[int, frozenset[str]]:
    """Which parameters each change makes by itself; -1 stands for none."""
    plain = frozenset(name for name in names if step.makes(variant, Formula(), name))
    found = {-1: plain}
    for place, (_, change) in enumerate(step.changes):
        made = frozenset(name for name in names if step.makes(variant, Formula(**change), name))
        if made - plain:
            found[place] = made
    return found


def _of_variant(
    step: StepParts, variant: str, said: str, names: Sequence[str], covers: Mapping[int, frozenset[str]]
) -> Iterator[str]:
    """One change more than a variant; two where the variant is none."""
    wanted, singles = set(names), [place for place in covers if place >= 0]
    alone = [place for place in singles if covers[-1] | covers[place] >= wanted]
    for place in alone:
        yield from _told(step, variant, said, (place,))
    if variant != AS_IT_IS or alone or covers[-1] >= wanted:
        return
    for one, other in combinations(range(len(step.changes)), 2):
        left = wanted - covers[-1] - covers.get(one, frozenset()) - covers.get(other, frozenset())
        if (one not in covers or other not in covers) and not left:
            continue  # one of them changes nothing that was looked at
        together = both_changes(step.changes[one][1], step.changes[other][1]) if left else None
        if left and (
            together is None or not all(step.makes(variant, Formula(**together), name) for name in left)
        ):
            continue
        yield from _told(step, variant, said, (one, other))


def _told(step: StepParts, variant: str, said: str, places: tuple[int, ...]) -> Iterator[str]:
    """Look at all parameters, and say which of them each change is in."""
    ways: list[tuple[int, ...]] = [(), *((place,) for place in places)]
    if len(places) == 2:
        ways.append(places)
    chosen: dict[str, tuple[int, ...]] = {}
    for name in step.names:
        way = next((way for way in ways if _makes(step, variant, way, name)), None)
        if way is None:
            return
        chosen[name] = way
    if any(all(place not in way for way in chosen.values()) for place in places):
        return
    parts = [said] if said else []
    for place in places:
        names = [name for name, way in chosen.items() if place in way]
        if _is_everywhere(step, variant, chosen, place):
            names = step.names
        parts.append(f"{step.changes[place][0]}{_where(step, names)}")
    yield ", and ".join(parts)


def _is_everywhere(step: StepParts, variant: str, chosen: Mapping[str, tuple[int, ...]], place: int) -> bool:
    """Whether a change may as well be in all parameters: where it is not needed, it does not show."""
    return all(
        _makes(step, variant, tuple(sorted({*way, place})), name)
        for name, way in chosen.items()
        if place not in way
    )


def _makes(step: StepParts, variant: str, way: tuple[int, ...], name: str) -> bool:
    change: Changed | None = {}
    for place in way:
        change = None if change is None else both_changes(change, step.changes[place][1])
    return change is not None and step.makes(variant, Formula(**change), name)


def _where(step: StepParts, names: Sequence[str]) -> str:
    """Where a change is: everywhere, in whole groups, in all parameters of one name, or in some."""
    chosen = set(names)
    if chosen == set(step.names):
        return ""
    whole = [group for group, members in step.groups.items() if members and set(members) <= chosen]
    if {name for group in whole for name in step.groups[group]} == chosen:
        return f" in the group {' and '.join(whole)}"
    ends = {name.rpartition(".")[2] for name in names}
    if len(ends) == 1 and chosen == {name for name in step.names if name.rpartition(".")[2] in ends}:
        return f" of every {ends.pop()}"
    return f" of {listed(list(names))}"
