"""Layers of two trees with other names are paired by what they are; what is not sure says so, and why."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.answers import Description, Identity
from harness.layer_map import CERTAIN
from harness.layer_note import LayerNote
from harness.layer_pairing import pair_layers
from harness.state_table import StateEntry

IDENTITY = Identity("torch", "3.12", "python", "x86_64", {}, "cpu", "cpu", "2", 0, "")
Layer = tuple[str, str, dict[str, tuple[int, ...]]]


def model(layers: Sequence[Layer]) -> Description:
    """A described model: path, class and parameters of each layer, with the layers around them."""
    notes, state = {"(model)": LayerNote("Net")}, []
    for path, kind, parameters in layers:
        parts = path.split(".")
        for depth in range(1, len(parts)):
            notes.setdefault(".".join(parts[:depth]), LayerNote("Block"))
        notes[path] = LayerNote(kind)
        state += [StateEntry(f"{path}.{name}", shape, "float32", True) for name, shape in parameters.items()]
    return Description(IDENTITY, state, notes)


def conv(path: str, out: int, taken: int, kind: str = "Conv2d") -> Layer:
    return path, kind, {"weight": (out, taken, 3, 3), "bias": (out,)}


def norm(path: str, width: int, kind: str = "BatchNorm2d") -> Layer:
    return path, kind, {"weight": (width,), "bias": (width,), "running_mean": (width,)}


def network(prefix: str, widths: Sequence[int] = (8, 16, 16, 32)) -> list[Layer]:
    """Blocks of a convolution, a norm and an activation."""
    layers, taken = [], 3
    for number, width in enumerate(widths):
        block = f"{prefix}.{number}"
        layers += [
            conv(f"{block}.conv", width, taken),
            norm(f"{block}.bn", width),
            (f"{block}.act", "ReLU", {}),
        ]
        taken = width
    return layers


def renamed(layers: Sequence[Layer], rng: random.Random) -> tuple[list[Layer], dict[str, str]]:
    """The same layers under random names that keep the tree, and the truth: new name to old."""
    names: dict[str, str] = {"": ""}

    def called(path: str) -> str:
        if path not in names:
            around, _, _ = path.rpartition(".")
            names[path] = f"{called(around)}.m{rng.randrange(10**9)}".lstrip(".")
        return names[path]

    made = [(called(path), kind, parameters) for path, kind, parameters in layers]
    return made, {new: old for old, new in names.items()}


def found_of(reference: Sequence[Layer], port: Sequence[Layer]) -> dict[str, str]:
    found = pair_layers(model(reference), model(port))
    return {rule.port: rule.reference for rule in found.rules.layers}


@pytest.mark.parametrize("seed", range(5))
def test_every_layer_of_a_renamed_tree_is_found_with_those_around_it(seed: int) -> None:
    reference = network("stage")
    port, truth = renamed(reference, random.Random(seed))
    found = found_of(reference, port)
    assert len(found) == len(reference) + 5  # four blocks and what is around them
    assert found == {name: truth[name] for name in found}


def test_layers_of_one_name_need_no_line() -> None:
    found = pair_layers(model(network("stage")), model(network("stage")))
    assert (found.rules.layers, found.rules.parameters, found.unchecked) == ([], [], 0)
    assert found.same == len(network("stage")) + 6


def test_what_alone_has_its_shapes_is_certain_and_what_is_found_by_order_is_not() -> None:
    reference, port = network("stage", (8, 16, 16)), network("part", (8, 16, 16))
    rules = {rule.reference: rule for rule in pair_layers(model(reference), model(port)).rules.layers}
    assert rules["stage.1.conv"].confidence >= CERTAIN
    assert rules["stage.1.conv"].checked
    assert rules["stage.1.bn"].confidence < CERTAIN
    assert not rules["stage.1.bn"].checked
    assert "by order: 2 on each side are such a BatchNorm" in rules["stage.1.bn"].why


def test_a_layer_too_many_leaves_the_others_paired_and_less_sure() -> None:
    reference = network("stage")
    extra = [*network("part")[:6], norm("part.extra", 16), *network("part")[6:]]
    found = pair_layers(model(reference), model(extra))
    pairs = {rule.port: rule for rule in found.rules.layers}
    for path in ("stage.0.conv", "stage.0.bn", "stage.1.conv", "stage.3.conv", "stage.3.bn"):
        assert pairs[path.replace("stage", "part")].reference == path
    assert "in the reference, 3 in the port" in pairs["part.2.bn"].why
    assert found.port_alone
    assert pairs["part.2.bn"].confidence < 0.8


def test_layers_in_another_order_are_found_by_a_shape_of_their_own() -> None:
    reference = [conv("a", 4, 3), conv("b", 5, 4), conv("c", 6, 5)]
    assert found_of(reference, [conv("z", 6, 5), conv("x", 4, 3), conv("y", 5, 4)]) == {
        "x": "a",
        "y": "b",
        "z": "c",
    }


def test_what_fits_nothing_is_paired_with_nothing() -> None:
    found = pair_layers(model([conv("a", 4, 3)]), model([conv("b", 7, 3)]))
    assert (found.rules.layers, found.reference_alone, found.port_alone) == ([], ["a"], ["b"])


def test_classes_of_one_kind_go_together_and_another_kind_is_less_sure() -> None:
    alike = pair_layers(model([norm("a", 4)]), model([norm("b", 4, "BatchNorm")])).rules.layers[0]
    other = pair_layers(model([norm("a", 4)]), model([norm("b", 4, "Scale")])).rules.layers[0]
    assert alike.confidence >= CERTAIN > other.confidence
    assert "BatchNorm and scale" in other.why


def test_parameters_of_other_names_are_paired_by_shape_then_by_order() -> None:
    mine: Layer = ("a", "Own", {"weight": (4, 3), "bias": (4,), "one": (2,), "two": (2,)})
    its: Layer = ("b", "Own", {"kernel": (4, 3), "offset": (4,), "first": (2,), "second": (2,)})
    found = pair_layers(model([mine]), model([its]))
    rules = {rule.reference: (rule.port, rule.checked) for rule in found.rules.parameters}
    assert rules == {
        "a.weight": ("b.kernel", True),
        "a.bias": ("b.offset", True),
        "a.one": ("b.first", False),
        "a.two": ("b.second", False),
    }


def test_counts_of_batches_play_no_part() -> None:
    reference = model([norm("a", 4)])
    counter = StateEntry("a.num_batches_tracked", (), "int64", False)
    found = pair_layers(replace(reference, state=[*reference.state, counter]), model([norm("b", 4)]))
    assert [rule.port for rule in found.rules.layers] == ["b"]
