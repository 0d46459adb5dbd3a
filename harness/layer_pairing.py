"""Finds which layer of a port is which of the reference's, where names differ, and says how sure that is.

Layers of one name are left as they are. Of the others those are paired that alone have such parameters on
each side; the rest in order, by the shapes of their parameters, their class and the parts of their names.
A layer around others is paired with the one that holds the same of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.answers import Description
from harness.attributes import KINDS
from harness.forms import with_an_axis
from harness.layer_map import CERTAIN, LayerMap, MapRule

_MODEL = "(model)"
_COUNTER = "num_batches_tracked"
_KIND = {name.casefold(): kind[0] for kind in KINDS for name in kind}
_LARGEST = 4_000_000  # cells of the table in which two lists of layers are put beside each other
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Leaf:
    """A layer without layers inside, or with parameters of its own."""

    path: str
    kind: str
    parameters: dict[str, Shape]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """What it can be known by."""
        return tuple(sorted(self.parameters.values()))

    @property
    def form(self) -> tuple[tuple[Shape, ...], str]:
        """Its shapes; where it has none its class."""
        return self.shapes, "" if self.parameters else self.kind


@dataclass(frozen=True)
class Pairs:
    """What was found: the map, how many layers have the same name, and those that only one side has."""

    rules: LayerMap
    same: int
    reference_alone: list[str] = field(default_factory=list)
    port_alone: list[str] = field(default_factory=list)

    @property
    def unchecked(self) -> int:
        """How many pairings a person has to look at."""
        return sum(not rule.checked for rule in (*self.rules.layers, *self.rules.parameters))


def pair_layers(reference: Description, port: Description) -> Pairs:
    """Pair the layers of two described models."""
    ours, its = _leaves(reference), _leaves(port)
    same = {path for path in ours if path in its and ours[path].form == its[path].form}
    left = [leaf for path, leaf in ours.items() if path not in same]
    right = [leaf for path, leaf in its.items() if path not in same]
    found = _by_shape_alone(left, right, {})
    rest = [leaf for leaf in left if leaf.path not in found.values()]
    found |= _in_order(rest, [leaf for leaf in right if leaf.path not in found])
    found |= _by_shape_alone(left, right, found)
    certainty = _Certainty(left, right, found)
    rules = [certainty.rule(ours[mine], its[other]) for other, mine in found.items()]
    around = _around(reference, port, {**{path: path for path in same}, **found})
    known = {**dict.fromkeys(same, 1.0), **{rule.port: rule.confidence for rule in rules}}
    rules += _rules_around(around, its, known)
    parameters = [rule for other, mine in found.items() for rule in _parameters(ours[mine], its[other])]
    taken, given = {rule.reference for rule in rules}, {rule.port for rule in rules}
    equal = [path for path in reference.layers if path in port.layers and path not in taken | given]
    return Pairs(
        LayerMap(layers=rules, parameters=parameters),
        len(equal),
        [path for path in reference.layers if path not in taken and path not in port.layers],
        [path for path in port.layers if path not in given and path not in reference.layers],
    )


def _leaves(model: Description) -> dict[str, Leaf]:
    own: dict[str, dict[str, Shape]] = {path: {} for path in model.layers}
    for entry in model.state:
        owner, _, name = entry.key.rpartition(".")
        inner = [name]
        while owner and owner not in own:
            owner, _, part = owner.rpartition(".")
            inner.insert(0, part)
        if name != _COUNTER:
            own.setdefault(owner or _MODEL, {})[".".join(inner)] = _plain(entry.shape)
    inside = {path.rpartition(".")[0] for path in model.layers}
    return {
        path: Leaf(path, _kind(model.layers[path].type), own[path])
        for path in model.layers
        if path != _MODEL and (own[path] or path not in inside)
    }


def _plain(shape: Sequence[int]) -> Shape:
    return tuple(with_an_axis(tuple(shape)))


def _kind(name: str) -> str:
    return _KIND.get(name.casefold(), name.casefold())


def likeness(one: Leaf, other: Leaf) -> float:
    """How well two layers go together, from 0 to 1; 0 where they cannot be the same."""
    if one.form != other.form:
        return 0.0
    names = set(one.parameters) == set(other.parameters)
    return 0.5 + 0.15 * names + 0.15 * (one.kind == other.kind) + 0.2 * _alike(one.path, other.path)


def _alike(one: str, other: str) -> float:
    """How many parts of two names are the same."""
    mine, its = set(one.casefold().split(".")), set(other.casefold().split("."))
    return len(mine & its) / len(mine | its)


def _in_order(left: Sequence[Leaf], right: Sequence[Leaf]) -> dict[str, str]:
    """The pairs that keep the order of both lists and go together best; port to reference."""
    if len(left) * len(right) > _LARGEST:
        return {}
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    score = [[likeness(one, other) for other in right] for one in left]
    for row in range(len(left) - 1, -1, -1):
        for column in range(len(right) - 1, -1, -1):
            with_both = score[row][column] + best[row + 1][column + 1] if score[row][column] else 0.0
            best[row][column] = max(with_both, best[row + 1][column], best[row][column + 1])
    found, row, column = dict[str, str](), 0, 0
    while row < len(left) and column < len(right):
        likely = score[row][column]
        if likely and best[row][column] == likely + best[row + 1][column + 1]:
            found[right[column].path] = left[row].path
            row, column = row + 1, column + 1
        elif best[row][column] == best[row + 1][column]:
            row += 1
        else:
            column += 1
    return found


def _by_shape_alone(left: Iterable[Leaf], right: Iterable[Leaf], found: Mapping[str, str]) -> dict[str, str]:
    """What is left, where one layer on each side has such parameters."""
    ours: dict[object, list[str]] = {}
    its: dict[object, list[str]] = {}
    reached = set(found.values())
    for leaves, forms, done in ((left, ours, reached), (right, its, set(found))):
        for leaf in leaves:
            if leaf.parameters and leaf.path not in done:
                forms.setdefault(leaf.form, []).append(leaf.path)
    return {its[form][0]: ours[form][0] for form in ours if len(ours[form]) == 1 == len(its.get(form, ()))}


class _Certainty:
    """How sure each pair is: by a form that nothing else has, or by its place among those of its form."""

    def __init__(self, left: Sequence[Leaf], right: Sequence[Leaf], found: Mapping[str, str]) -> None:
        self._ours, self._its = Counter(leaf.form for leaf in left), Counter(leaf.form for leaf in right)
        ranks = {leaf.path: number for number, leaf in enumerate(left)}
        order = [ranks[found[leaf.path]] for leaf in right if leaf.path in found]
        self._crossed = {now for at, now in enumerate(order) if now < max(order[:at], default=now)}
        self._ranks = ranks

    def rule(self, mine: Leaf, other: Leaf) -> MapRule:
        """The pair as a line of the map."""
        count, its_count = self._ours[mine.form], self._its[other.form]
        alike = _alike(mine.path, other.path)
        alone = count == its_count == 1 and bool(mine.parameters)
        if alone:
            sure, why = 0.97, f"the only one with parameters of the shapes {_said(mine)}"
        elif count == its_count:
            sure, why = 0.8 + 0.15 * alike, f"by order: {count} on each side are such a {mine.kind}"
        else:
            sure, why = (
                0.5 + 0.3 * alike,
                f"by order, and {count} are such in the reference, {its_count} in the port",
            )
        if mine.kind != other.kind:
            sure, why = sure - 0.15, f"{why}; {mine.kind} and {other.kind}"
        if self._ranks[mine.path] in self._crossed and not alone:
            sure, why = sure - 0.1, f"{why}; out of order"
        return MapRule(mine.path, other.path, round(sure, 2), why, sure >= CERTAIN)


def _said(leaf: Leaf) -> str:
    return ", ".join("x".join(map(str, shape)) for shape in leaf.shapes)


def _around(reference: Description, port: Description, paired: Mapping[str, str]) -> dict[str, str]:
    """The layers around others that hold the same of them, port to reference; the outer ones first."""
    reached = set(paired.values())
    ours = _holders(reference, lambda path: path if path in reached else None)
    its = _holders(port, lambda path: paired.get(path))
    found = dict[str, str]()
    for held, theirs in its.items():
        mine = ours.get(held, [])
        if len(mine) == len(theirs):
            found |= dict(zip(theirs, mine, strict=True))
    return {other: mine for other, mine in found.items() if other not in paired and mine not in reached}


def _holders(model: Description, called: Callable[[str], str | None]) -> dict[frozenset[str], list[str]]:
    """The layers around others by what they hold, in the reference's names."""
    held: dict[str, set[str]] = {}
    for path in model.layers:
        name, around = called(path), path.rpartition(".")[0]
        while around and name is not None:
            held.setdefault(around, set()).add(name)
            around = around.rpartition(".")[0]
    found: dict[frozenset[str], list[str]] = {}
    for path in model.layers:
        if path in held:
            found.setdefault(frozenset(held[path]), []).append(path)
    return found


def _rules_around(
    around: Mapping[str, str], its: Mapping[str, Leaf], known: Mapping[str, float]
) -> list[MapRule]:
    rules = []
    for other, mine in around.items():
        if other == mine:
            continue
        sure = min(
            (known[path] for path in its if path.startswith(f"{other}.") and path in known), default=0.0
        )
        rules.append(MapRule(mine, other, sure, "it holds the same layers", sure >= CERTAIN))
    return rules


def _parameters(mine: Leaf, other: Leaf) -> list[MapRule]:
    """Parameters of a pair of layers under other names, by their shapes; in order where those are alike."""
    ours = [name for name in mine.parameters if name not in other.parameters]
    its = [name for name in other.parameters if name not in mine.parameters]
    rules = []
    for name in ours:
        fits = [one for one in its if other.parameters[one] == mine.parameters[name]]
        if not fits:
            continue
        its.remove(fits[0])
        alone = len(fits) == 1 and sum(mine.parameters[one] == mine.parameters[name] for one in ours) == 1
        why = "the only one of its shape" if alone else "by order: others of its layer have its shape"
        sure = 0.95 if alone else 0.6
        rules.append(MapRule(f"{mine.path}.{name}", f"{other.path}.{fits[0]}", sure, why, sure >= CERTAIN))
    return rules
