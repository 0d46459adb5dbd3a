"""What a static comparison finds between two descriptions."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.answers import Description, Identity
from harness.layer_note import LayerNote
from harness.lint import Discrepancy, facts, lint
from harness.state_table import StateEntry

LAYERS = {
    "(model)": LayerNote("Net", {}, "mine"),
    "norm": LayerNote("BatchNorm2d", {"eps": 1e-5, "momentum": 0.1}, "torch.nn"),
    "act": LayerNote("ReLU", {}, "torch.nn"),
}
STATE = [
    StateEntry("conv.weight", (4, 3, 3, 3), "float32", True),
    StateEntry("norm.running_var", (4,), "float32", False),
    StateEntry("norm.num_batches_tracked", (), "int64", False),
]
IDENTITY = Identity("torch", "3.12", "python", "x86_64", {}, "cpu", "cpu", "2", 0, "")


def described() -> Description:
    """A model as a worker describes it."""
    return Description(IDENTITY, list(STATE), copy.deepcopy(LAYERS))


def found(change: Any, *sources: Path) -> list[Discrepancy]:
    """What lint says of a port that was changed."""
    port = described()
    change(port)
    return lint(described(), port, sources)


def test_equal_models_have_no_finding() -> None:
    assert found(lambda port: None) == []


@pytest.mark.parametrize(
    ("change", "kind", "place", "words"),
    [
        (
            lambda port: port.layers["norm"].attributes.update(eps=1e-3),
            "attribute",
            "norm",
            "eps 0.001",
        ),
        (
            lambda port: port.layers.update(act=replace(LAYERS["act"], type="GELU")),
            "type",
            "act",
            "type GELU",
        ),
        (lambda port: port.state.pop(0), "parameter", "conv", "reference's state alone"),
        (
            lambda port: port.state.append(StateEntry("x", (1,), "float32", True)),
            "parameter",
            "(model)",
            "port's",
        ),
        (
            lambda port: port.state.__setitem__(0, STATE[0]._replace(shape=(3, 4, 3, 3))),
            "shape",
            "conv",
            "[3, 4, 3, 3]",
        ),
        (
            lambda port: port.state.__setitem__(0, STATE[0]._replace(dtype="float16")),
            "dtype",
            "conv",
            "float16",
        ),
        (
            lambda port: port.state.__setitem__(1, STATE[1]._replace(learns=True)),
            "learns",
            "norm",
            "learns in the port",
        ),
    ],
)
def test_what_changes_the_result_is_wrong(change: Any, kind: str, place: str, words: str) -> None:
    (finding,) = found(change)
    assert (finding.kind, finding.place, finding.wrong) == (kind, place, True)
    assert words in finding.text


def test_a_wrong_attribute_is_no_known_difference_of_the_frameworks() -> None:
    (finding,) = found(lambda port: port.layers["norm"].attributes.update(eps=1e-3))
    assert finding.entry == ""


def test_order_and_extra_layers_are_worth_a_look_alone() -> None:
    def change(port: Any) -> None:
        port.state.reverse()
        del port.layers["act"]

    assert [(finding.kind, finding.wrong) for finding in found(change)] == [
        ("order", False),
        ("layer", False),
    ]


def test_batch_counters_and_scalars_of_one_element_are_the_same() -> None:
    def change(port: Any) -> None:
        port.state.pop()

    assert found(change) == []


def test_layer_of_a_class_known_to_differ_is_reported() -> None:
    (finding,) = found(
        lambda port: port.layers.update(norm=LayerNote("BatchNorm", LAYERS["norm"].attributes, "jittor.nn"))
    )
    assert (finding.kind, finding.entry, finding.wrong) == ("known", "norm-one-pass", False)


def test_functions_known_to_differ_are_found_in_the_source(tmp_path: Path) -> None:
    source = tmp_path / "port.py"
    source.write_text("import jittor as jt\nfrom jittor import nn as n\n\n\ny = jt.mean(x)\nz = n.relu(x)\n")
    (finding,) = found(lambda port: None, source)
    assert (finding.place, finding.name, finding.entry) == ("port.py:5", "jittor.mean", "mean-drift")


def test_a_layer_class_in_the_source_is_seen_in_the_layers_that_are_built(tmp_path: Path) -> None:
    source = tmp_path / "port.py"
    source.write_text("from jittor import nn\n\n\ndef make():\n    return nn.LayerNorm(3), nn.BatchNorm(3)\n")
    assert found(lambda port: None, source) == []


def test_functions_in_classes_that_are_not_built_are_no_finding(tmp_path: Path) -> None:
    source = tmp_path / "port.py"
    body = "    def execute(self, x):\n        return jt.mean(x)\n"
    source.write_text(
        "import jittor as jt\nfrom jittor.nn import Module\n"
        f"class Base(Module):\n{body}"  # line 5, which Net derives from
        f"class Net(Base):\n{body}"  # line 8
        f"class Other(Base):\n{body}"  # line 11, built nowhere
        f"class Loss:\n{body}"  # line 14, no layer, so anything may call it
    )
    places = [finding.place for finding in found(lambda port: None, source)]
    assert places == ["port.py:5", "port.py:8", "port.py:14"]


def test_one_fact_is_one_line_however_many_layers_have_it() -> None:
    names = [f"block.{number}.norm" for number in range(6)]
    reference, port = described(), described()
    for name in names:
        reference.layers[name] = LayerNote("BatchNorm2d", {"eps": 1e-5}, "torch.nn")
        port.layers[name] = LayerNote("BatchNorm2d", {"eps": 1e-3}, "mine")
    port.layers[names[0]] = LayerNote("BatchNorm2d", {"eps": 1e-2}, "mine")
    listed = lint(reference, port)
    single, many = facts(listed)
    assert len(listed) == 6
    assert single.text == "block.0.norm has eps 0.01 in the port and 1e-05 in the reference"
    assert many.places == tuple(names[1:])
    assert many.text == (
        "block.1.norm, block.2.norm, block.3.norm, block.4.norm and 1 more: "
        "BatchNorm2d has eps 0.001 in the port and 1e-05 in the reference"
    )


def test_parts_of_the_state_are_named_by_their_keys() -> None:
    def change(port: Any) -> None:
        port.state[0] = STATE[0]._replace(dtype="float16")
        port.state[1] = STATE[1]._replace(dtype="float16")

    (fact,) = facts(found(change))
    assert fact.text == "conv.weight, norm.running_var: float16 in the port and float32 in the reference"
