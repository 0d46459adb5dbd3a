"""Tied weights and single numbers: one tensor is one tensor on both sides, in every place."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.answers import Description
from harness.breadcrumb import Breadcrumb
from harness.errors import BadInput
from harness.flows import inputs_and_weights
from harness.lint import lint
from harness.pairs.base import Arrays
from harness.state_table import StateEntry, read_table, tied_keys
from harness.trace import Trace

MODEL = "tests.unit.sides.tied:PAIR"
TOKENS = np.array([[0, 3, 3, 6, 1], [2, 2, 5, 0, 6]])
TORCH = pytest.param("torch", marks=pytest.mark.torch)
JITTOR = pytest.param("jittor", marks=pytest.mark.jittor)
EMBED = np.random.default_rng(3).normal(size=(7, 3)).astype(np.float32)
SCALE = np.float32(0.7)


def held(name: str, variant: str, folder: Path) -> Any:
    """A side that holds a variant."""
    module = importlib.import_module(f"harness.sides.{name}_side")
    side = getattr(module, f"{name.capitalize()}Side")("cpu", Breadcrumb(folder / "place"))
    side.build(MODEL, variant)
    return side


def given(folder: Path, **more: Any) -> str:
    """A state with the reference's keys in its order; of tied weights the last one counts."""
    arrays: Arrays = {"scale": np.asarray(SCALE), "embed.weight": EMBED * 9, "head.weight": EMBED, **more}
    return str(inputs_and_weights.write(folder / "state.h5", "state", arrays))


def truth() -> dict[str, Any]:
    """The loss and its gradients, in float64."""
    weight, scale = EMBED.astype(float), float(SCALE)
    x = weight[TOKENS]
    plain = x @ weight.T
    back = 2 * plain * scale**2
    found = np.einsum("bto,btc->oc", back, x)
    np.add.at(found, TOKENS, back @ weight)
    return {"loss": (plain**2).sum() * scale**2, "embed.weight": found, "scale": 2 * scale * (plain**2).sum()}


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        pytest.param("torch", "tied", marks=pytest.mark.torch),
        pytest.param("jittor", "tied", marks=pytest.mark.jittor),
        pytest.param("jittor", "turned", marks=pytest.mark.jittor),
    ],
)
def test_tied_weights_have_one_gradient_and_one_step(name: str, variant: str, tmp_path: Path) -> None:
    side = held(name, variant, tmp_path)
    side.load(given(tmp_path))
    inputs = str(inputs_and_weights.write(tmp_path / "inputs.h5", "input", {"tokens": TOKENS}))
    side.run(inputs, "train", trace=str(tmp_path / "trace.h5"))
    side.backward()
    exact = truth()
    with Trace.open(tmp_path / "trace.h5") as trace:
        gradients = {key for key in trace.records if key.startswith("grad:")}
        assert gradients == {"grad:embed.weight", "grad:scale"}
        assert not any(key.startswith("state:") for key in trace.records)
        for key in ("embed.weight", "scale"):
            found = np.asarray(trace.array(f"grad:{key}")).reshape(np.shape(exact[key]))
            np.testing.assert_allclose(found, exact[key], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(trace.array("loss:square"), exact["loss"], rtol=1e-5)
    side.step(0.01)
    after = side.read_state()
    for key in ("embed.weight", "head.weight"):
        np.testing.assert_allclose(after[key], EMBED - 0.01 * exact["embed.weight"], rtol=1e-4, atol=1e-5)
    assert len([value for group in side._optimizer.param_groups for value in group["params"]]) == 2


@pytest.mark.parametrize("name", [TORCH, JITTOR])
def test_weights_that_are_not_tied_stay_two(name: str, tmp_path: Path) -> None:
    side = held(name, "apart", tmp_path)
    side.load(given(tmp_path))
    assert {entry.key for entry in side.state_table() if entry.learns} == {
        "scale",
        "embed.weight",
        "head.weight",
    }
    np.testing.assert_array_equal(side.read_state()["embed.weight"], EMBED * 9)


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("name", [TORCH, JITTOR])
def test_a_single_number_is_loaded_in_both_forms(name: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    side = held(name, "tied", tmp_path)
    side.load(given(tmp_path, scale=np.full(shape, SCALE)))
    assert side.read_state()["scale"].reshape(()) == SCALE
    with pytest.raises(BadInput, match=r"1 of another shape \(scale: \[2\] in the file"):
        side.load(given(tmp_path, scale=np.full(2, SCALE)))


@pytest.mark.torch
def test_lint_knows_tied_weights(tmp_path: Path) -> None:
    sides = {variant: held("torch", variant, tmp_path).describe() for variant in ("tied", "turned", "apart")}
    tied, turned = sides["tied"], sides["turned"]
    assert [entry.same_as for entry in tied.state] == ["", "", "embed.weight"]
    assert tied_keys(tied.state) == tied_keys(turned.state)
    assert [found for found in lint(tied, turned) if found.wrong] == []
    for one, other in ((tied, sides["apart"]), (sides["apart"], tied)):
        found = [item for item in lint(one, other) if item.wrong]
        assert [item.kind for item in found] == ["tied", "tied"]
        assert "a tensor of its own" in found[0].text


@pytest.mark.torch
def test_lint_takes_both_forms_of_a_single_number(tmp_path: Path) -> None:
    reference = held("torch", "tied", tmp_path).describe()
    state = [entry._replace(shape=(1,)) if entry.key == "scale" else entry for entry in reference.state]
    assert lint(reference, Description(reference.identity, state, reference.layers)) == []


def test_tables_of_older_files_are_read() -> None:
    rows = [["a", [2], "float32", True, ""], ["b", [2], "float32", False, "a"]]
    assert read_table([row[:4] for row in rows]) == [
        StateEntry("a", (2,), "float32", True),
        StateEntry("b", (2,), "float32", False),
    ]
    assert read_table(rows)[1].same_as == "a"
    assert read_table([["a", [2]]]) == [StateEntry("a", (2,), "", False)]
