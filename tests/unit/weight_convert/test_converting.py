"""Whole conversions, without a framework: choosing, stripping, mapping, checking, folding, reporting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import BadInput, NoEnvironment
from harness.trace import TraceWriter
from tests.unit.weight_convert.samples import Array, network
from weight_convert import ConversionRequest, State, convert, read_state, write_state
from weight_convert.converting import draft
from weight_convert.verify import needs_model


def save(path: Path, arrays: dict[str, Array]) -> Path:
    """A checkpoint of these arrays."""
    write_state(State.of(arrays), path)
    return path


@pytest.fixture
def fitting(tmp_path: Path) -> Path:
    """A checkpoint that has the keys of the model."""
    return save(tmp_path / "fitting.npz", network())


@pytest.fixture
def renamed(tmp_path: Path) -> Path:
    """One that has other keys."""
    arrays = {key.replace("stem.", "backbone."): array for key, array in network().items()}
    return save(tmp_path / "renamed.safetensors", {**arrays, "extra.weight": np.zeros((2, 4), np.float32)})


def test_a_conversion_reports_what_it_did(fitting: Path, tmp_path: Path) -> None:
    report = convert(ConversionRequest(fitting, tmp_path / "a.pkl"))
    assert (report.format, report.written, report.tensors) == ("jittor", True, len(network()))
    assert json.loads(report.to_json())["manifest"]["source"]["name"] == "fitting.npz"


def test_a_dry_run_writes_nothing_and_says_the_same(fitting: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    report = convert(ConversionRequest(fitting, tmp_path / "a.pkl", dry_run=True))
    assert not report.written
    assert report.tensors == len(network())
    assert sorted(tmp_path.iterdir()) == before


def test_all_differences_are_one_error_with_the_nearest(renamed: Path, fitting: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refusal:
        convert(ConversionRequest(renamed, tmp_path / "a.pt", like=fitting))
    lines = str(refusal.value).splitlines()
    assert "6 missing, 7 unexpected" in lines[0]
    assert "--map" in lines[0]
    assert "--partial" in lines[0]
    assert len(lines) == 1 + 6 + 7
    assert "  missing     stem.conv.weight (nearest: backbone.conv.weight, of the same shape)" in lines
    assert not (tmp_path / "a.pt").exists()


def test_partial_writes_what_fits_and_reports_the_rest(renamed: Path, fitting: Path, tmp_path: Path) -> None:
    report = convert(ConversionRequest(renamed, tmp_path / "a.pt", like=fitting, partial=True))
    assert list(read_state(tmp_path / "a.pt")) == ["scale", "head.weight", "head.bias"]
    assert len(report.missing) == 6
    assert len(report.unexpected) == 7
    reasons = {item["key"]: item["reason"] for item in report.manifest["dropped"]}
    assert reasons["extra.weight"] == "the model has no such key"


def test_another_shape_is_an_error_of_its_own(fitting: Path, tmp_path: Path) -> None:
    wrong = save(tmp_path / "wrong.npz", {**network(), "head.weight": np.zeros((4, 2), np.float32)})
    with pytest.raises(BadInput, match=r"shape       head.weight: \[4, 2\] found, \[2, 4\] wanted"):
        convert(ConversionRequest(wrong, tmp_path / "a.pt", like=fitting))
    report = convert(ConversionRequest(wrong, tmp_path / "a.pt", like=fitting, partial=True))
    assert report.shapes == ["head.weight: [4, 2] found, [2, 4] wanted"]
    assert "head.weight" not in read_state(tmp_path / "a.pt")


def test_a_map_mends_the_keys_and_the_order_is_the_models(
    renamed: Path, fitting: Path, tmp_path: Path
) -> None:
    toml = tmp_path / "map.toml"
    toml.write_text(
        '[[rule]]\nrename = "backbone.*"\nto = "stem.*"\n[[rule]]\ndrop = "extra.*"\nreason = "unused"\n'
    )
    report = convert(ConversionRequest(renamed, tmp_path / "a.pt", like=fitting, key_map=str(toml)))
    found = read_state(tmp_path / "a.pt")
    assert list(found) == list(network())
    for key, array in network().items():
        np.testing.assert_array_equal(found[key], array)
    assert report.manifest["key_map"]["name"] == "map"
    assert report.manifest["entries"]["stem.conv.weight"]["source"] == "backbone.conv.weight"


def test_a_drafted_map_is_refused_until_it_is_confirmed(renamed: Path, fitting: Path, tmp_path: Path) -> None:
    toml = tmp_path / "draft.toml"
    toml.write_text(draft(ConversionRequest(renamed, like=fitting)), encoding="utf-8")
    request = ConversionRequest(renamed, tmp_path / "a.pt", like=fitting, key_map=str(toml))
    with pytest.raises(BadInput, match="7 rules that nobody has confirmed"):
        convert(request)
    confirmed = [line for line in toml.read_text().splitlines() if not line.startswith("check")]
    toml.write_text("\n".join(confirmed))
    convert(request)
    assert list(read_state(tmp_path / "a.pt")) == list(network())


def test_a_draft_needs_to_know_the_keys(fitting: Path) -> None:
    with pytest.raises(BadInput, match="--model NAME or --like FILE"):
        draft(ConversionRequest(fitting))


@pytest.mark.parametrize("prefix", ["model.", "a.b."])
def test_a_prefix_is_taken_off_when_asked(prefix: str, tmp_path: Path) -> None:
    source = save(tmp_path / "a.npz", {prefix + key: array for key, array in network().items()})
    report = convert(ConversionRequest(source, tmp_path / "b.pt", strip=(prefix,)))
    assert list(read_state(tmp_path / "b.pt")) == list(network())
    assert report.manifest["source"]["stripped"] == [prefix]


def test_a_prefix_that_no_key_has_is_an_error(fitting: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no key begins with 'modle\.'; keys begin with 'stem\.' \(6 keys\)"):
        convert(ConversionRequest(fitting, tmp_path / "a.pt", strip=("modle.",)))


def test_keys_that_the_model_wants_with_a_prefix_keep_it(tmp_path: Path) -> None:
    arrays = {f"module.{key}": array for key, array in network().items()}
    source = save(tmp_path / "a.npz", arrays)
    convert(ConversionRequest(source, tmp_path / "b.pt", like=source))
    like = tmp_path / "like.safetensors"
    save(like, {"module.x": np.zeros(1)})
    assert list(read_state(tmp_path / "a.npz", expected=arrays)) == list(arrays)


def test_jittors_shapes_and_lacking_counters_are_mended_by_the_layout(fitting: Path, tmp_path: Path) -> None:
    arrays = {key: array for key, array in network().items() if not key.endswith("num_batches_tracked")}
    arrays["scale"] = arrays["scale"].reshape(1)
    convert(ConversionRequest(save(tmp_path / "trained.npz", arrays), tmp_path / "a.pt", like=fitting))
    found = read_state(tmp_path / "a.pt")
    assert found["scale"].shape == ()
    assert found["stem.bn.num_batches_tracked"] == 0


def test_folding_needs_a_model_that_folds(fitting: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="known are --model gold_yolo, led"):
        convert(ConversionRequest(fitting, tmp_path / "a.pt", deploy=True))


def test_folds_can_be_written_into_a_map(fitting: Path, tmp_path: Path) -> None:
    toml = tmp_path / "fold.toml"
    toml.write_text('[[rule]]\nfold = "conv_bn"\neps = 1e-5\n')
    report = convert(ConversionRequest(fitting, tmp_path / "a.pt", key_map=str(toml)))
    assert list(read_state(tmp_path / "a.pt"))[:2] == ["stem.conv.weight", "stem.conv.bias"]
    assert report.manifest["deploy"][0]["error"] < 1e-6


def test_the_state_inside_a_trace_is_read(tmp_path: Path) -> None:
    path = tmp_path / "trace.h5"
    case = {"pair": "toy", "variant": "v", "mode": "train"}
    with TraceWriter(path, {"format": "align-trace", "version": 1, "case": case, "side": "torch"}) as writer:
        for key, array in network().items():
            writer.add(f"state:{key}", array)
        writer.add("grad:head.weight", np.ones((2, 4), np.float32))
        writer.add("output:0", np.ones(3, np.float32))
    state = read_state(path)
    assert list(state) == list(network())
    np.testing.assert_array_equal(state["stem.conv.weight"], network()["stem.conv.weight"])
    assert list(read_state(path, select="grad")) == ["head.weight"]
    convert(ConversionRequest(path, tmp_path / "a.pkl"))


MISUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no-destination": ({"destination": None}, "name the file to write"),
    "no-format": ({"destination": Path("a.bin")}, "does not say which format"),
    "no-source": ({"source": Path("nowhere.pt")}, "nowhere.pt does not exist"),
    "no-model": ({"model": "nothing"}, "there is no pair 'nothing'"),
    "no-variant": ({"model": "l2sknet", "variant": "nothing"}, "has no variant 'nothing'"),
    "no-part": ({"select": "ema"}, "no state 'ema'"),
}


@pytest.mark.parametrize("name", MISUSED)
def test_misuse_is_reported(name: str, fitting: Path, tmp_path: Path) -> None:
    change, word = MISUSED[name]
    with pytest.raises(BadInput, match=word):
        convert(ConversionRequest(**{"source": fitting, "destination": tmp_path / "a.pt", **change}))


def test_a_file_is_not_written_over_itself(fitting: Path) -> None:
    with pytest.raises(BadInput, match="over itself"):
        convert(ConversionRequest(fitting, fitting))


def test_without_any_framework_the_layout_is_asked_for(
    fitting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness import session

    class Absent:
        def __init__(self, side: str, *rest: Any) -> None:
            raise NoEnvironment(f"the {side} side cannot start")

    monkeypatch.setattr(session, "Worker", Absent)
    with pytest.raises(
        NoEnvironment, match=r"torch side cannot start.*jittor side cannot start.*--like FILE"
    ):
        convert(ConversionRequest(fitting, fitting.with_suffix(".pt"), model="l2sknet"))


def test_verifying_needs_a_model() -> None:
    with pytest.raises(BadInput, match="--verify builds both models, so it needs --model"):
        needs_model(None)
