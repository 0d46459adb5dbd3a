"""Two classes as a pair, and the declaration that is written from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness import pairs
from harness.errors import BadInput
from harness.pairs.declaration import declaration
from harness.pairs.undeclared import Undeclared

CLASSES = Undeclared(
    "nets:Net", "my ports.x:Net", ("ids=2x7:0..49", "scale=1"), ("width=16", "kind=a b", "sizes=[1, 2]")
)


def test_the_name_says_all_of_it() -> None:
    assert Undeclared.read(CLASSES.name) == CLASSES


def test_a_layer_map_goes_with_it_and_into_its_declaration(tmp_path: Path) -> None:
    mapped = replace(CLASSES, layer_map=str(tmp_path / "a map.json"))
    assert Undeclared.read(mapped.name) == mapped
    assert pairs.find(mapped.name).layer_map == tmp_path / "a map.json"
    file = tmp_path / "with_a_map.py"
    file.write_text(declaration(mapped, str(file)))
    assert pairs.find(str(file)).layer_map == tmp_path / "a map.json"
    assert pairs.find(CLASSES.name).layer_map is None


def test_it_is_found_by_its_name() -> None:
    pair = pairs.find(CLASSES.name)
    variant = pair.variant(None)
    assert (pair.name, pair.reference, pair.port) == ("Net", "nets:Net", "my ports.x:Net")
    assert pair.forward == ("ids", "scale")
    assert variant.options == {"width": 16, "kind": "a b", "sizes": [1, 2]}


def test_nothing_that_a_file_names_is_run() -> None:
    with pytest.raises(BadInput, match="Nothing that a file names is run"):
        pairs.built_in(CLASSES.name, "a.h5")


@pytest.mark.parametrize(
    "name",
    ["torch=", "torch=a:A", "torch=a:A jittor=b:B more=1", "torch=a:A jittor=b:B jittor=c:C", "torch=a:A '"],
)
def test_a_name_that_says_less_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="names no two classes"):
        pairs.find(name)


@pytest.mark.parametrize("inputs", [(), ("x=1", "x=2")])
def test_inputs_are_named_once(inputs: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="named once with --input"):
        pairs.find(Undeclared("a:A", "b:B", inputs).name)


def test_the_declaration_is_the_same_pair(tmp_path: Path) -> None:
    file = tmp_path / "declared.py"
    file.write_text(declaration(CLASSES, str(file)))
    declared, given = pairs.find(str(file)), pairs.find(CLASSES.name)
    assert (declared.name, declared.reference, declared.port) == (given.name, given.reference, given.port)
    assert declared.forward == given.forward
    assert declared.variant(None).options == given.variant(None).options
    from harness.pairs.base import InputRequest

    request = InputRequest(declared.variant(None), "eval", 0)
    drawn, wanted = declared.inputs(request), given.inputs(request)
    assert {name: array.tobytes() for name, array in drawn.items()} == {
        name: array.tobytes() for name, array in wanted.items()
    }
