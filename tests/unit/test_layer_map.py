"""A layer map is read strictly, guesses are refused until somebody has looked, and no two get one name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadInput
from harness.layer_map import LayerMap, MapRule, PortNames, port_names

PATHS = ["", "begin", "stages", "stages.0", "stages.0.conv", "stages.1", "stages.1.conv", "head"]
KEYS = ["begin.weight", "stages.0.conv.weight", "stages.1.conv.weight", "head.gamma", "scale"]


def rules(*pairs: tuple[str, str], parameters: tuple[tuple[str, str], ...] = ()) -> LayerMap:
    """A map of pairs of the port's name and the reference's."""
    named = [[MapRule(reference, port) for port, reference in some] for some in (pairs, parameters)]
    return LayerMap(layers=named[0], parameters=named[1])


def test_layers_and_what_they_hold_get_the_references_names() -> None:
    found = port_names(rules(("begin", "stem.0"), ("stages.*", "layer*")), PATHS, KEYS)
    assert [found.path(path) for path in PATHS] == [
        "", "stem.0", "stages", "layer0", "layer0.conv", "layer1", "layer1.conv", "head",
    ]  # fmt: skip
    assert [found.key(key) for key in KEYS] == [
        "stem.0.weight", "layer0.conv.weight", "layer1.conv.weight", "head.gamma", "scale",
    ]  # fmt: skip


def test_parameters_have_rules_of_their_own() -> None:
    found = port_names(
        rules(("head", "fc"), parameters=(("head.gamma", "fc.weight"), ("scale", "temperature"))), PATHS, KEYS
    )
    assert [found.key(key) for key in KEYS[-2:]] == ["fc.weight", "temperature"]


def test_a_layer_around_others_takes_their_parameters_along() -> None:
    found = port_names(rules(("stages.0", "layer1")), ["stages.0"], ["stages.0.inner.weight"])
    assert found.key("stages.0.inner.weight") == "layer1.inner.weight"


def test_the_first_rule_that_matches_counts() -> None:
    found = port_names(rules(("stages.1.conv", "last"), ("stages.*.conv", "conv*")), PATHS, KEYS)
    assert (found.path("stages.0.conv"), found.path("stages.1.conv")) == ("conv0", "last")


def test_two_names_may_be_exchanged_and_a_name_that_is_taken_is_given_up() -> None:
    exchanged = port_names(rules(("a", "b"), ("b", "a")), ["a", "b"], ["a.w", "b.w"])
    assert (exchanged.path("a"), exchanged.key("b.w")) == ("b", "a.w")
    taken = port_names(rules(("a", "b")), ["a", "b"], ["a.w", "b.w"])
    assert (taken.path("a"), taken.path("b"), taken.key("b.w")) == ("b", "b@port", "b@port.w")


def test_without_a_map_every_name_is_its_own() -> None:
    assert (PortNames().path("a.b"), PortNames().key("a.b.w")) == ("a.b", "a.b.w")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (rules(("begun", "stem")), r"names 'begun', and the port has no such layer \(perhaps begin\?\)"),
        (rules(("begin", "x"), ("head", "x")), "two layers of the port would be 'x': begin and head"),
        (rules(parameters=(("no.w", "x"),)), "no such part of the state"),
        (
            rules(parameters=(("begin.weight", "x"), ("scale", "x"))),
            "two parts of the state of the port would be 'x'",
        ),
    ],
)
def test_a_map_that_does_not_fit_the_port_is_refused(given: LayerMap, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        port_names(given, PATHS, KEYS)


def written(path: Path, **changes: Any) -> Path:
    """A map file with one guess and one that is certain."""
    guess = MapRule("stem.0", "begin", 0.8, "by order", checked=False)
    data = json.loads(LayerMap(layers=[guess, MapRule("fc", "head")]).text()) | changes
    path.write_text(json.dumps(data))
    return path


def test_what_is_written_is_read_back_one_rule_in_a_line(tmp_path: Path) -> None:
    given = LayerMap(about="a 网络", layers=[MapRule("a", "b", 0.95, "why"), MapRule("c", "d")])
    path = tmp_path / "map.json"
    path.write_text(given.text(), encoding="utf-8")
    assert LayerMap.read(path) == given
    assert sum('"reference"' in line for line in given.text().splitlines()) == 2


def test_a_guess_is_refused_until_somebody_has_looked(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"pairs 1 by guess, the first begin with stem\.0"):
        LayerMap.read(written(tmp_path / "map.json"))
    assert LayerMap.read(written(tmp_path / "all.json", checked=True)).layers[0].port == "begin"
    rule = {"reference": "a", "port": "b", "confidence": 0.1, "checked": True}
    assert LayerMap.read(written(tmp_path / "one.json", layers=[rule])).layers[0].confidence == 0.1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2, "checked": True}, "of version 2; version 1 is known"),
        ({"layers": [{"reference": "a"}]}, "names a layer of both sides"),
        ({"layers": [{"reference": "a*", "port": "b"}]}, r"as many \* in one as in the other"),
        ({"layers": [{"reference": "a", "port": 3}]}, "is no layer map"),
        ({"layers": {}}, "is no layer map"),
    ],
)
def test_a_file_that_is_no_usable_map_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        LayerMap.read(written(tmp_path / "map.json", **changes))


@pytest.mark.parametrize("raw", [b"", b"[1]", b"\xff", b"{" * 100_000])
def test_a_strangers_file_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "map.json"
    path.write_bytes(raw)
    with pytest.raises(BadInput, match="is no layer map"):
        LayerMap.read(path)
    with pytest.raises(BadInput, match="cannot be read"):
        LayerMap.read(tmp_path / "none.json")
