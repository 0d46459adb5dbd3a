"""What differs between two models before anything runs: layers, parameters, attributes, known defaults.

The models are known from what their workers say of them, and the port from its source as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness import knowledge
from harness.answers import Description
from harness.attributes import attribute_differences
from harness.forms import same_shape
from harness.knowledge.scan import uses_of_built
from harness.layer_note import LayerNote
from harness.state_table import StateEntry, StateTable, changing, tied_keys

Kind = Literal[
    "attribute", "type", "parameter", "shape", "dtype", "learns", "tied", "order", "layer", "known"
]
_COUNTS_BATCHES = "num_batches_tracked"
_MODEL = "(model)"
_OF_STATE = ("parameter", "shape", "dtype", "learns", "tied")
_SHOWN = 4  # places of one fact; --json lists all
Layers = Mapping[str, LayerNote]
Ties = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Discrepancy:
    """One difference at one place. `wrong` says whether it changes what the port computes.

    `fact` says the same without the place, so that many places of one fact fit in one line. `entry`
    names what the knowledge base has on it, empty where it has nothing.
    """

    kind: Kind
    place: str
    name: str
    reference: Any
    port: Any
    text: str
    fact: str
    wrong: bool = True
    entry: str = ""

    @property
    def where(self) -> str:
        """What a reader looks for: a part of the state by its key, else the layer or the line."""
        return self.name if self.kind in _OF_STATE else self.place

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return {name: value for name, value in vars(self).items() if name != "fact"}


@dataclass(frozen=True)
class Fact:
    """One difference, with every place that has it."""

    first: Discrepancy
    places: tuple[str, ...]

    @property
    def text(self) -> str:
        """The fact in one line: a single place as its sentence, many before the fact, shortened."""
        if len(self.places) == 1:
            return self.first.text
        rest = len(self.places) - _SHOWN
        more = f" and {rest} more" if rest > 0 else ""
        return f"{', '.join(self.places[:_SHOWN])}{more}: {self.first.fact}"


def facts(found: Iterable[Discrepancy]) -> list[Fact]:
    """What was found, each fact once, in the order in which it first came."""
    places: dict[tuple[str, bool], list[Discrepancy]] = {}
    for item in found:
        places.setdefault((item.fact, item.wrong), []).append(item)
    return [Fact(same[0], tuple(dict.fromkeys(item.where for item in same))) for same in places.values()]


def lint(reference: Description, port: Description, sources: Iterable[Path] = ()) -> list[Discrepancy]:
    """Every difference between two described models; `sources` are the files of the port."""
    found = [
        *_attributes(reference.layers, port.layers),
        *_state(reference.state, port.state),
        *_layers(reference.layers, port.layers),
        *_known_layers(port.layers),
        *_known_uses(sources, port.layers),
    ]
    return sorted(found, key=lambda finding: not finding.wrong)


def _attributes(reference: Layers, port: Layers) -> Iterable[Discrepancy]:
    for item in attribute_differences(reference, port):
        kind: Kind = "type" if item.name == "type" else "attribute"
        place, name, ours, its = item.layer, item.name, item.reference, item.port
        says = f"has {name} {its} in the port and {ours} in the reference"
        fact = f"{reference[place].type} {says}"
        yield Discrepancy(kind, place, name, ours, its, f"{place} {says}", fact)


def _state(reference: StateTable, port: StateTable) -> Iterable[Discrepancy]:
    ours, its = (
        {entry.key: entry for entry in table if not entry.key.endswith(_COUNTS_BATCHES)}
        for table in (reference, port)
    )
    for side, only in (("reference", ours.keys() - its.keys()), ("port", its.keys() - ours.keys())):
        for key in sorted(only):
            here = side == "reference"
            says = f"part of the {side}'s state alone"
            text = f"{key} is a {says}"
            yield Discrepancy("parameter", _owner(key), key, here, not here, text, f"a {says}")
    shared = [key for key in ours if key in its]
    learns = tuple(changing(table) for table in (reference, port))
    for key in shared:
        yield from _entry(ours[key], its[key], *(key in names for names in learns))
    yield from _ties(tied_keys(reference), tied_keys(port), shared)
    if not (ours.keys() ^ its.keys()) and shared != list(its):
        first = next(key for key, other in zip(shared, its, strict=True) if key != other)
        place = list(its).index(first)
        text = f"the port keeps its state in another order, from {first} on: optimiser files depend on it"
        yield Discrepancy("order", _owner(first), first, shared.index(first), place, text, text, False)


def _ties(ours: Ties, its: Ties, shared: Iterable[str]) -> Iterable[Discrepancy]:
    """Weights that are one tensor on one side alone."""
    for key in shared:
        same, its_same = ours.get(key, frozenset()), its.get(key, frozenset())
        if same != its_same:
            text = (
                f"{key} is {_one_with(key, its_same)} in the port and {_one_with(key, same)} in the reference"
            )
            yield Discrepancy("tied", _owner(key), key, sorted(same), sorted(its_same), text, text)


def _one_with(key: str, keys: frozenset[str]) -> str:
    others = sorted(keys - {key})
    return f"one tensor with {' and '.join(others)}" if others else "a tensor of its own"


def _entry(ours: StateEntry, its: StateEntry, learns: bool, its_learns: bool) -> Iterable[Discrepancy]:
    """The shape, dtype and gradient of one part of the state."""
    key, shape, its_shape = ours.key, list(ours.shape), list(its.shape)
    dtype, its_dtype = ours.dtype, its.dtype
    if not same_shape(shape, its_shape):
        says = f"the shape {its_shape} in the port and {shape} in the reference"
        yield Discrepancy("shape", _owner(key), key, shape, its_shape, f"{key} has {says}", says)
    if dtype != its_dtype:
        says = f"{its_dtype} in the port and {dtype} in the reference"
        yield Discrepancy("dtype", _owner(key), key, dtype, its_dtype, f"{key} is {says}", says)
    if learns != its_learns:
        says = f"{'learns' if its_learns else 'does not learn'} in the port, unlike in the reference"
        yield Discrepancy("learns", _owner(key), key, learns, its_learns, f"{key} {says}", says)


def _owner(key: str) -> str:
    return key.rpartition(".")[0] or _MODEL


def _layers(reference: Layers, port: Layers) -> Iterable[Discrepancy]:
    """Modules that only one side has: they may be functions on the other, so alone they prove nothing."""
    for side, own, other in (("reference", reference, port), ("port", port, reference)):
        for path in own:
            if path not in other:
                kind = own[path].type
                says = f"is a layer of the {side} alone"
                here, there = (kind, None) if side == "reference" else (None, kind)
                text = f"{path} ({kind}) {says}"
                yield Discrepancy("layer", path, "", here, there, text, f"{kind} {says}", wrong=False)


def _known_layers(port: Layers) -> Iterable[Discrepancy]:
    """Layers of a class that is known to differ between the frameworks."""
    for path, layer in port.items():
        yield from _known(path, "is a", f"{layer.origin}.{layer.type}", layer.type)


def _known_uses(sources: Iterable[Path], port: Layers) -> Iterable[Discrepancy]:
    """Functions known to differ, in those lines of the port that the built model can reach."""
    for path, use in uses_of_built(sources, {layer.type for layer in port.values()}):
        yield from _known(f"{path.name}:{use.line}", "uses", use.name, use.name)


def _known(place: str, verb: str, called: str, name: str) -> Iterable[Discrepancy]:
    entry = knowledge.of_class(called)
    if entry is not None:
        fact = f"{called}: {entry.does}. Instead: {entry.instead}"
        text = f"{place} {verb} {fact}"
        yield Discrepancy("known", place, name, None, None, text, fact, wrong=False, entry=entry.id)
