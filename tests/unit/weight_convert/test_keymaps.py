"""Key maps: every rule, what a map refuses, the shipped ones, and drafts."""

from __future__ import annotations

import itertools
import json
import math
import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.errors import BadInput
from tests.unit.weight_convert.torchvision_states import torchvision_resnet50, torchvision_vgg16_bn
from weight_convert import State
from weight_convert.keymaps import draft_map, load_map, shipped_maps
from weight_convert.keymaps.rules import MappedState, Pattern
from weight_convert.keymaps.verbs import parse_rule
from weight_convert.layout import Layout

Array = NDArray[Any]


def mapped(arrays: dict[str, Array], toml: str, tmp_path: Path) -> MappedState:
    """The work after a map."""
    path = tmp_path / "map.toml"
    path.write_text(toml, encoding="utf-8")
    work = MappedState(State.of(arrays).tensors)
    load_map(path).apply(work)
    return work


def values(work: MappedState) -> dict[str, Array]:
    """The arrays of a work."""
    return {key: tensor.values() for key, tensor in work.tensors.items()}


def test_a_pattern_fills_its_stars() -> None:
    pattern = Pattern("a.*.b.*")
    assert pattern.match("a.1.b.weight") == ("1", "weight")
    assert pattern.match("a.1.c.weight") is None
    assert Pattern("x*y*").fill(("1", "2")) == "x1y2"
    assert Pattern("features.1.*").match("features.10.weight") is None


def test_a_pattern_matches_as_a_lazy_expression_would() -> None:
    letters = ("a", "b", "ab", "*", "**", "a*", "*b", "")
    patterns = {"".join(parts) for parts in itertools.product(letters, repeat=3)}
    keys = ["".join(key) for length in range(7) for key in itertools.product("ab", repeat=length)]
    for text in sorted(patterns):
        truth = re.compile("(.+?)".join(map(re.escape, text.split("*"))), re.DOTALL)
        for key in keys:
            found = truth.fullmatch(key)
            assert Pattern(text).match(key) == (found and found.groups()), (text, key)


def test_no_pattern_takes_for_ever() -> None:
    for text in ("*a" * 200 + "b", "*" * 500 + "b", "*aa" * 300 + "*b"):
        assert Pattern(text).match("a" * 1000) is None
    assert Pattern("*a" * 200).match("a" * 1000) is not None


RULES: dict[str, dict[str, Any]] = {
    "rename": {"rename": "a.*", "to": "b.*"},
    "transpose": {"transpose": "a.w", "axes": [1, 0]},
    "split": {"split": "a.w", "into": ["x", "y"], "axis": 0, "sizes": [1, 1]},
    "concatenate": {"concatenate": ["a.w", "a.v"], "into": "b", "axis": 0},
    "drop": {"drop": "a.w", "reason": "no use"},
    "constant": {"constant": "k", "shape": [2], "dtype": "int32", "value": 1, "reason": "missing"},
    "normal": {"normal": "k", "shape": [2], "mean": 0.0, "std": 1.0, "seed": 3, "reason": "missing"},
    "fold": {"fold": "conv_bn", "eps": 1e-5, "keep": ["x*"], "optional": True, "check": "look"},
}
ODD = [True, -1, 10**30, 10**400, 1e300, math.inf, math.nan, "", "text", "*" * 300, [], [[]], [-1], [1, "a"],
       [10**18, 10**18], [0] * 40, {}, {"a": 1}]  # fmt: skip


@pytest.mark.parametrize(("verb", "name"), [(verb, name) for verb in RULES for name in RULES[verb]])
def test_a_rule_with_an_odd_field_is_applied_or_refused_in_one_short_line(
    verb: str, name: str, tmp_path: Path
) -> None:
    refused = 0
    for value in ODD:
        work = MappedState(State.of({"a.w": np.zeros((2, 2)), "a.v": np.ones((2, 2))}).tensors)
        try:
            parse_rule(tmp_path, 1, {**RULES[verb], name: value}).apply(work)
            values(work)
        except BadInput as refusal:
            refused += 1
            expected = str(refusal)
            assert len(expected.removeprefix(str(tmp_path)).splitlines()) == 1, expected
    assert refused


def test_what_a_rule_makes_is_made_when_it_is_read(tmp_path: Path) -> None:
    rule = {"constant": "k", "shape": [1 << 14, 1 << 14], "value": 0, "reason": "x"}
    work = MappedState({})
    tracemalloc.start()
    for number in range(20):
        parse_rule(tmp_path, number, {**rule, "constant": f"k{number}"}).apply(work)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_rename_keeps_the_place_and_tells_the_source(tmp_path: Path) -> None:
    arrays = {"a.0.weight": np.zeros(1), "b": np.ones(1), "a.1.weight": np.ones(2)}
    work = mapped(arrays, '[[rule]]\nrename = "a.*.weight"\nto = "layer*.w"', tmp_path)
    assert list(work.tensors) == ["layer0.w", "b", "layer1.w"]
    assert work.sources == {"layer0.w": "a.0.weight", "layer1.w": "a.1.weight"}


def test_transpose(tmp_path: Path) -> None:
    array = np.arange(24.0).reshape(2, 3, 4)
    work = mapped({"a": array}, '[[rule]]\ntranspose = "a"\naxes = [2, 0, 1]', tmp_path)
    np.testing.assert_array_equal(values(work)["a"], array.transpose(2, 0, 1))
    assert work.tensors["a"].shape == (4, 2, 3)


def test_split_in_equal_and_in_given_parts(tmp_path: Path) -> None:
    array = np.arange(12.0).reshape(6, 2)
    equal = mapped(
        {"at.qkv": array, "z": array}, '[[rule]]\nsplit = "*.qkv"\ninto = ["*.q", "*.k", "*.v"]', tmp_path
    )
    assert list(equal.tensors) == ["at.q", "at.k", "at.v", "z"]
    np.testing.assert_array_equal(values(equal)["at.k"], array[2:4])
    given = '[[rule]]\nsplit = "a"\ninto = ["x", "y"]\naxis = 0\nsizes = [1, 5]'
    np.testing.assert_array_equal(values(mapped({"a": array}, given, tmp_path))["y"], array[1:])


def test_concatenate(tmp_path: Path) -> None:
    arrays = {"q.w": np.zeros((2, 3)), "other": np.ones(1), "k.w": np.ones((4, 3))}
    work = mapped(arrays, '[[rule]]\nconcatenate = ["q.*", "k.*"]\ninto = "qk.*"', tmp_path)
    assert list(work.tensors) == ["qk.w", "other"]
    np.testing.assert_array_equal(values(work)["qk.w"], np.concatenate([arrays["q.w"], arrays["k.w"]]))
    assert work.sources["qk.w"] == "q.w + k.w"


def test_splitting_undoes_concatenating(tmp_path: Path) -> None:
    arrays = {"q": np.arange(6.0).reshape(2, 3), "k": np.arange(3.0).reshape(1, 3)}
    join = '[[rule]]\nconcatenate = ["q", "k"]\ninto = "a"\n'
    toml = join + '[[rule]]\nsplit = "a"\ninto = ["q", "k"]\nsizes = [2, 1]'
    work = mapped(arrays, toml, tmp_path)
    for key, array in arrays.items():
        np.testing.assert_array_equal(values(work)[key], array)


def test_drop_keeps_the_reason(tmp_path: Path) -> None:
    work = mapped(
        {"fc.w": np.zeros(2), "a": np.zeros(1)}, '[[rule]]\ndrop = "fc.*"\nreason = "no head"', tmp_path
    )
    assert list(work.tensors) == ["a"]
    assert [(item.key, item.reason, item.shape) for item in work.dropped] == [("fc.w", "no head", (2,))]


def test_constants_and_drawn_numbers(tmp_path: Path) -> None:
    toml = """
[[rule]]
constant = "count"
shape = []
dtype = "int64"
value = 3
reason = "a"

[[rule]]
normal = "w"
shape = [200, 50]
std = 0.5
seed = 7
reason = "b"
"""
    work = mapped({"a": np.zeros(1)}, toml, tmp_path)
    found = values(work)
    assert found["count"] == 3
    assert found["count"].dtype == np.int64
    assert found["w"].dtype == np.float32
    assert abs(found["w"].std() - 0.5) < 0.01
    np.testing.assert_array_equal(found["w"], values(mapped({"a": np.zeros(1)}, toml, tmp_path))["w"])
    assert [item.reason for item in work.made] == ["a (all 3)", "b (normal, std 0.5, seed 7)"]


REFUSED = {
    "no-match": ('[[rule]]\nrename = "x.*"\nto = "y.*"', "rule 1 of the key map matches nothing.*'x\\.\\*'"),
    "collision": ('[[rule]]\nrename = "a"\nto = "b"', "two entries would be called 'b'"),
    "stars": ('[[rule]]\nrename = "a.*"\nto = "b"', "same number of stars"),
    "axes": ('[[rule]]\ntranspose = "a"\naxes = [0, 0]', r"axes \[0, 0\] do not fit 'a'"),
    "sizes": ('[[rule]]\nsplit = "a"\ninto = ["x", "y"]\nsizes = [1, 4]', "has 4 along axis 0"),
    "axis": ('[[rule]]\nsplit = "a"\ninto = ["x", "y"]\naxis = 5', "has no axis 5"),
    "join": ('[[rule]]\nconcatenate = ["a", "b"]\ninto = "c"', "do not join along axis 0: a float64"),
    "partner": ('[[rule]]\nconcatenate = ["a", "z"]\ninto = "c"', "nothing to join under 'z'"),
    "lonely": ('[[rule]]\nconcatenate = ["a"]\ninto = "c"', "at least two keys"),
    "exists": ('[[rule]]\nconstant = "a"\nshape = [1]\nvalue = 0\nreason = "r"', "is there already"),
    "huge": ('[[rule]]\nconstant = "c"\nshape = [99999, 99999]\nvalue = 0\nreason = "r"', "too large"),
    "dtype": (
        '[[rule]]\nconstant = "c"\nshape = [1]\ndtype = "bfloat16"\nvalue = 0\nreason = "r"',
        "can be made",
    ),
    "fold": ('[[rule]]\nfold = "repvgg"\neps = 1e-3', "nothing to fold as repvgg"),
    "unknown-fold": ('[[rule]]\nfold = "other"', "known are repvgg, conv_bn, repnr"),
    "verb": ('[[rule]]\nmove = "a"', "should have exactly one of rename, transpose"),
    "two-verbs": ('[[rule]]\nrename = "a"\nto = "c"\ndrop = "b"\nreason = "r"', "should have exactly one of"),
    "field": ('[[rule]]\nrename = "a"\nto = "c"\naxis = 1', "rename has no field axis"),
    "lacking": ('[[rule]]\nrename = "a"', "lacks 'to'"),
    "kind": ('[[rule]]\nrename = 3\nto = "c"', "of the wrong kind"),
    "keys": ('[[rule]]\nsplit = "a"\ninto = [1, 2]', "should list keys"),
    "counts": ('[[rule]]\ntranspose = "a"\naxes = [-1, 0]', "should list counts"),
    "top": ("rules = 3", "unknown rules"),
    "version": ("version = 2", "version 2; 1 is known"),
    "table": ("rule = 3", r"\[\[rule\]\] tables"),
    "toml": ("[[rule", "no valid TOML"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_map_that_cannot_be_followed_is_refused(name: str, tmp_path: Path) -> None:
    toml, word = REFUSED[name]
    with pytest.raises(BadInput, match=word):
        mapped({"a": np.zeros((4, 2)), "b": np.zeros((2, 3))}, toml, tmp_path)


def test_an_unknown_map_lists_the_shipped_ones() -> None:
    with pytest.raises(
        BadInput, match=r"no key map nowhere.*gold_yolo-deploy.*torchvision-vgg16_bn-to-cpanet"
    ):
        load_map("nowhere")


@pytest.mark.parametrize("name", shipped_maps())
def test_shipped_maps_are_read_and_say_what_they_are_for(name: str) -> None:
    found = load_map(name)
    assert found.about
    assert found.rules
    assert found.unchecked == []


PRETRAINED = {
    "torchvision-vgg16_bn-to-cpanet": (torchvision_vgg16_bn(), "vgg16", 0),
    "torchvision-resnet50-to-cpanet": (torchvision_resnet50(), "resnet50", 30),
}


@pytest.mark.parametrize("name", PRETRAINED)
def test_pretrained_backbones_fit_cpanet(name: str, shared: Path, tmp_path: Path) -> None:
    shapes, variant, drawn = PRETRAINED[name]
    arrays = {key: np.broadcast_to(np.float32(1), shape) for key, shape in shapes.items()}
    work = MappedState(State.of(arrays).tensors)
    load_map(name).apply(work)
    known = json.loads((shared / "specs" / "cpanet.state.json").read_text())["variants"][variant]["state"]
    backbone = {key: tuple(shape) for key, shape, _ in known if key.startswith("layer")}
    assert {key: tensor.shape for key, tensor in work.tensors.items()} == backbone
    assert len(work.made) == drawn
    if drawn:
        assert "no counterpart" in work.made[0].reason
        kernel = work.tensors["layer0.3.weight"].values()
        assert abs(kernel.std() - (2 / (64 * 9)) ** 0.5) < 2e-3


def state_and_layout() -> tuple[State, Layout]:
    """A checkpoint whose names differ from the wanted ones."""
    source = {
        "features.0.weight": (4, 3),
        "features.0.bias": (4,),
        "features.2.weight": (5, 4),
        "same": (7,),
        "head.kernel": (2, 9),
        "extra": (3,),
    }
    wanted = {
        "same": (7,),
        "stem.weight": (4, 3),
        "stem.bias": (4,),
        "body.weight": (5, 4),
        "head.weight": (9, 2),
        "new": (8,),
    }
    return State.of({key: np.zeros(shape) for key, shape in source.items()}), Layout("a model", wanted)


def test_a_draft_pairs_by_order_and_shape_and_marks_every_guess(tmp_path: Path) -> None:
    text = draft_map(*state_and_layout())
    (tmp_path / "draft.toml").write_text(text, encoding="utf-8")
    found = load_map(tmp_path / "draft.toml")
    assert 'rename = "features.0.weight"\nto = "stem.weight"' in text
    assert 'drop = "extra"' in text
    assert "# nothing found for new [8]" in text
    assert "same" not in text.replace("# 1 keys agree in name and shape", "")
    assert len(found.unchecked) == len(found.rules) == 5
    work = MappedState(state_and_layout()[0].tensors)
    found.apply(work)
    assert set(work.tensors) == {"same", "stem.weight", "stem.bias", "body.weight"}


def test_a_draft_proposes_a_transposition_where_only_that_fits() -> None:
    state = State.of({"fc.weight": np.zeros((9, 2))})
    text = draft_map(state, Layout("a model", {"head.weight": (2, 9)}))
    assert 'transpose = "fc.weight"\naxes = [1, 0]' in text
    assert 'rename = "fc.weight"\nto = "head.weight"' in text
    assert text.count("check = ") == 2


@pytest.mark.parametrize(("one", "other"), [((), (1,)), ((1,), ())])
def test_a_draft_takes_a_single_number_for_one_of_any_form(
    one: tuple[int, ...], other: tuple[int, ...]
) -> None:
    state = State.of({"same": np.zeros(one), "old.scale": np.zeros(one)})
    text = draft_map(state, Layout("a model", {"same": other, "new.scale": other}))
    assert "# 1 keys agree in name and shape" in text
    assert 'rename = "old.scale"\nto = "new.scale"' in text
    assert "nothing found" not in text
