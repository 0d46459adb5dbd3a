"""What differs between two models before anything runs: layers, parameters, attributes, known defaults.

The models are known from what their workers say of them, and the port from its source as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from harness import knowledge
from harness.answers import Description
from harness.attributes import attribute_differences
from harness.forms import same_shape
from harness.knowledge.scan import uses
from harness.layer_note import LayerNote
from harness.state_table import StateEntry, StateTable, changing, tied_keys

Kind = Literal[
    "attribute", "type", "parameter", "shape", "dtype", "learns", "tied", "order", "layer", "known"
]
_COUNTS_BATCHES = "num_batches_tracked"
_MODEL = "(model)"
Layers = Mapping[str, LayerNote]
Ties = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Discrepancy:
    """One difference. `wrong` says whether it changes what the port computes.

    `entry` names what the knowledge base has on it, empty where it has nothing.
    """

    kind: Kind
    place: str
    name: str
    reference: Any
    port: Any
    text: str
    wrong: bool = True
    entry: str = ""

    def to_dict(self) -> dict[str, object]:
        """Plain data for JSON."""
        return asdict(self)


def lint(reference: Description, port: Description, sources: Iterable[Path] = ()) -> list[Discrepancy]:
    """Every difference between two described models; `sources` are the files of the port."""
    found = [
        *_attributes(reference.layers, port.layers),
        *_state(reference.state, port.state),
        *_layers(reference.layers, port.layers),
        *_known_layers(port.layers),
        *_known_uses(sources),
    ]
    return sorted(found, key=lambda finding: not finding.wrong)


def _attributes(reference: Layers, port: Layers) -> Iterable[Discrepancy]:
    for item in attribute_differences(reference, port):
        kind: Kind = "type" if item.name == "type" else "attribute"
        place, name, ours, its = item.layer, item.name, item.reference, item.port
        text = f"{place} has {name} {its} in the port and {ours} in the reference"
        entry = knowledge.of_attribute(reference[place].type, name)
        yield Discrepancy(kind, place, name, ours, its, text, entry=entry)


def _state(reference: StateTable, port: StateTable) -> Iterable[Discrepancy]:
    ours, its = (
        {entry.key: entry for entry in table if not entry.key.endswith(_COUNTS_BATCHES)}
        for table in (reference, port)
    )
    for side, only in (("reference", ours.keys() - its.keys()), ("port", its.keys() - ours.keys())):
        for key in sorted(only):
            here = side == "reference"
            text = f"{key} is a part of the {side}'s state alone"
            yield Discrepancy("parameter", _owner(key), key, here, not here, text)
    shared = [key for key in ours if key in its]
    learns = tuple(changing(table) for table in (reference, port))
    for key in shared:
        yield from _entry(ours[key], its[key], *(key in names for names in learns))
    yield from _ties(tied_keys(reference), tied_keys(port), shared)
    if not (ours.keys() ^ its.keys()) and shared != list(its):
        first = next(key for key, other in zip(shared, its, strict=True) if key != other)
        place = list(its).index(first)
        text = f"the port keeps its state in another order, from {first} on: optimiser files depend on it"
        yield Discrepancy("order", _owner(first), first, shared.index(first), place, text, wrong=False)


def _ties(ours: Ties, its: Ties, shared: Iterable[str]) -> Iterable[Discrepancy]:
    """Weights that are one tensor on one side alone."""
    for key in shared:
        same, its_same = ours.get(key, frozenset()), its.get(key, frozenset())
        if same != its_same:
            text = (
                f"{key} is {_one_with(key, its_same)} in the port and {_one_with(key, same)} in the reference"
            )
            yield Discrepancy("tied", _owner(key), key, sorted(same), sorted(its_same), text)


def _one_with(key: str, keys: frozenset[str]) -> str:
    others = sorted(keys - {key})
    return f"one tensor with {' and '.join(others)}" if others else "a tensor of its own"


def _entry(ours: StateEntry, its: StateEntry, learns: bool, its_learns: bool) -> Iterable[Discrepancy]:
    """The shape, dtype and gradient of one part of the state."""
    key, shape, its_shape = ours.key, list(ours.shape), list(its.shape)
    dtype, its_dtype = ours.dtype, its.dtype
    if not same_shape(shape, its_shape):
        text = f"{key} has the shape {its_shape} in the port and {shape} in the reference"
        yield Discrepancy("shape", _owner(key), key, shape, its_shape, text)
    if dtype != its_dtype:
        text = f"{key} is {its_dtype} in the port and {dtype} in the reference"
        yield Discrepancy("dtype", _owner(key), key, dtype, its_dtype, text)
    if learns != its_learns:
        text = f"{key} {'learns' if its_learns else 'does not learn'} in the port, unlike in the reference"
        yield Discrepancy("learns", _owner(key), key, learns, its_learns, text)


def _owner(key: str) -> str:
    return key.rpartition(".")[0] or _MODEL


def _layers(reference: Layers, port: Layers) -> Iterable[Discrepancy]:
    """Modules that only one side has: they may be functions on the other, so alone they prove nothing."""
    for side, own, other in (("reference", reference, port), ("port", port, reference)):
        for path in own:
            if path not in other:
                kind = own[path].type
                text = f"{path} ({kind}) is a layer of the {side} alone"
                here = kind if side == "reference" else None
                yield Discrepancy("layer", path, "", here, None if here else kind, text, wrong=False)


def _known_layers(port: Layers) -> Iterable[Discrepancy]:
    """Layers of a class that is known to differ between the frameworks."""
    for path, layer in port.items():
        entry = knowledge.of_class(f"{layer.origin}.{layer.type}")
        if entry is not None:
            text = f"{path} is a {layer.origin}.{layer.type}: {entry.does}. Instead: {entry.instead}"
            yield Discrepancy("known", path, layer.type, None, None, text, wrong=False, entry=entry.id)


def _known_uses(sources: Iterable[Path]) -> Iterable[Discrepancy]:
    """Functions in the source of the port that are known to differ between the frameworks."""
    for path in sources:
        for use in uses(path):
            entry = knowledge.of_class(use.name)
            if entry is not None:
                place = f"{path.name}:{use.line}"
                text = f"{place} uses {use.name}: {entry.does}. Instead: {entry.instead}"
                yield Discrepancy("known", place, use.name, None, None, text, wrong=False, entry=entry.id)
