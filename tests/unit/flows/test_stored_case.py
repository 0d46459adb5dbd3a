"""What a stored file may name: a built-in pair, and nothing else that is run or read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import flows, pairs
from harness.alignment import Alignment
from harness.case import Case
from harness.errors import BadInput
from harness.flows import explain, reproduce
from harness.flows.stored_case import Typed, overrides_of, pair_of, weights_of
from harness.flows.stored_reference import stored_reference
from harness.pairs.base import Override
from harness.progress import Silent
from harness.trace import TraceWriter
from harness.verdict import NoisePolicy
from tests.unit.reports import samples

TRAP = """
from pathlib import Path
from harness.pairs.base import Override, Pair, Recipe, Variant

Path(__file__).with_name("ran").touch()
PAIR = Pair(
    name="own", title="", variants={"one": Variant("one", "")}, reference="r", port="p",
    draw_inputs=lambda request: {}, forward=(), recipe=Recipe("sgd", 0.1),
    overrides=lambda variant, mode: (Override("output:*", "skip", "own rule"),),
)
ATTR = PAIR
"""


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that leaves a mark when it is run, also found as a module."""
    (tmp_path / "trap_pair.py").write_text(TRAP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path / "trap_pair.py"


def forms(trap: Path) -> list[str]:
    return [str(trap), trap.name, f"{trap}:ATTR", f"./{trap.name}", "trap_pair:ATTR", "trap_pair:PAIR"]


def ran(trap: Path) -> bool:
    return trap.with_name("ran").exists()


def case(pair: str, **more: Any) -> dict[str, Any]:
    return {"pair": pair, "variant": "one", "mode": "eval", **more}


def trace(path: Path, expected: Any) -> Path:
    with TraceWriter(path, {"side": path.stem, "case": expected}) as writer:
        writer.add("output:0", np.ones(3, np.float32))
    return path


@pytest.mark.parametrize("form", range(6))
def test_no_trace_makes_diff_run_a_file(trap: Path, form: int) -> None:
    expected = case(forms(trap)[form])
    first, second = trace(trap.with_name("a.h5"), expected), trace(trap.with_name("b.h5"), expected)
    with pytest.raises(BadInput, match=r"not built in .* name the pair yourself, with --model"):
        flows.diff(first, second, NoisePolicy())
    assert not ran(trap)


@pytest.mark.parametrize("form", range(6))
def test_no_alignment_makes_explain_or_reproduce_run_a_file(trap: Path, form: int) -> None:
    stored = samples.alignment(case=case(forms(trap)[form]))
    with pytest.raises(BadInput, match="with --model"):
        explain.explain_stored(stored, None, Silent(), Typed())
    with pytest.raises(BadInput, match="with --model"):
        reproduce.reproduce_layer(stored, "layer:a#0:out", trap.with_name("out"), Silent(), Typed())
    assert not ran(trap)


@pytest.mark.parametrize("form", range(6))
def test_no_trace_in_the_references_place_makes_compare_run_a_file(trap: Path, form: int) -> None:
    path = trace(trap.with_name("a.h5"), case(forms(trap)[form]))
    with pytest.raises(BadInput, match="--model l2sknet names l2sknet"):
        stored_reference(
            flows.CompareRequest("l2sknet", reference=str(path)), pairs.find("l2sknet")
        ).__enter__()
    assert not ran(trap)


def test_what_the_user_types_is_run_and_its_overrides_judge(trap: Path) -> None:
    expected = case(trap.name)
    first, second = trace(trap.with_name("a.h5"), expected), trace(trap.with_name("b.h5"), expected)
    with pytest.raises(BadInput, match="own rule"):  # its override leaves nothing to judge
        flows.diff(first, second, NoisePolicy(), model=trap.name)
    assert ran(trap)
    assert overrides_of(expected, trap.name, "x") == (Override("output:*", "skip", "own rule"),)


def test_two_classes_have_no_overrides_and_are_not_needed(trap: Path) -> None:
    stored = case("torch=trap_pair:Net jittor=trap_pair:Port input=x=4x8")
    assert overrides_of(stored, None, "x") == ()
    assert not ran(trap)


def test_a_trace_without_a_pair_is_compared_without_overrides(tmp_path: Path) -> None:
    first, second = trace(tmp_path / "a.h5", {}), trace(tmp_path / "b.h5", {})
    assert flows.diff(first, second, NoisePolicy()).verdict == "aligned"
    with pytest.raises(BadInput, match="does not say its pair"):
        flows.diff(first, second, NoisePolicy(), model="l2sknet")


@pytest.mark.parametrize(
    ("expected", "model", "words"),
    [
        (
            {"pair": "l2sknet", "variant": "L2SKNet_UNet"},
            "cpanet",
            "is of the pair 'l2sknet', and --model cpanet",
        ),
        ({"pair": "a/own.py", "variant": "one"}, "l2sknet", "is of the pair 'a/own.py', and --model l2sknet"),
        ({"pair": "a.py", "variant": "one", "name": "other"}, "trap_pair.py", "is of the pair 'other', and"),
        ({"pair": "trap_pair.py", "variant": "two"}, "trap_pair.py", "variant 'two', and own has one"),
        ({"pair": "l2sknet", "variant": "nope"}, None, "variant 'nope', and l2sknet has L2SKNet_UNet"),
    ],
)
def test_another_pair_than_the_file_is_of_is_refused(
    trap: Path, expected: Any, model: str | None, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        pair_of(Case(**expected), model, "the file")


@pytest.mark.parametrize(
    ("expected", "model"),
    [
        ({"pair": "l2sknet", "variant": "L2SKNet_UNet"}, None),
        ({"pair": "l2sknet", "variant": "L2SKNet_UNet"}, "harness.pairs.l2sknet.pair:PAIR"),
        ({"pair": "trap_pair.py", "variant": "one"}, "trap_pair.py"),
        ({"pair": "elsewhere/pair.py", "variant": "one", "name": "own"}, "trap_pair.py"),
        ({"pair": "own", "variant": "one"}, "trap_pair:ATTR"),
    ],
)
def test_the_pair_that_the_file_is_of_is_taken(trap: Path, expected: Any, model: str | None) -> None:
    assert expected["variant"] in pair_of(Case(**expected), model, "the file").variants


def test_a_path_in_a_file_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in ("/etc/passwd", str(pipe)):
        expected = Case("l2sknet", "L2SKNet_UNet", weights=path)
        with pytest.raises(BadInput, match="with --weights"):
            weights_of(expected, None, "the file")
        with pytest.raises(BadInput, match="with --weights"):
            weights_of(expected, "seeded", "the file")
        assert weights_of(expected, "mine.pt", "the file") == "mine.pt"
        stored = samples.alignment(case=expected.to_dict())
        with pytest.raises(BadInput, match="with --weights"):
            explain.explain_stored(stored, None, Silent(), Typed())


def test_seeded_weights_take_no_file() -> None:
    expected = Case("l2sknet", "L2SKNet_UNet")
    assert weights_of(expected, None, "the file") == weights_of(expected, "seeded", "the file") == "seeded"
    with pytest.raises(BadInput, match="seeded weights"):
        weights_of(expected, "mine.pt", "the file")


def test_what_a_pair_calls_itself_is_kept_with_the_place_of_a_pair_of_ones_own(trap: Path) -> None:
    own, built_in = pairs.find(trap.name), pairs.find("l2sknet")
    assert flows.CompareRequest(trap.name).case(own).name == "own"
    assert flows.CompareRequest("l2sknet").case(built_in).name == ""
    assert Case("a.py", "one", name="x").digest() == Case("a.py", "one").digest()


def test_the_request_of_an_alignment_is_the_one_that_made_it() -> None:
    expected = Case("l2sknet", "L2SKNet_UNet", "train", 3, size=(32, 32), batch=2).to_dict()
    stored = Alignment.from_json(samples.alignment(case={**expected, "layers": "leaf"}).to_json())
    request = explain.request_of(stored, Typed(timeout=5.0))
    assert request == flows.CompareRequest(
        "l2sknet",
        "L2SKNet_UNet",
        layers="leaf",
        device="cpu",
        mode="train",
        seed=3,
        input_size=(32, 32),
        batch=2,
        timeout=5.0,
        dropout="off",
    )
