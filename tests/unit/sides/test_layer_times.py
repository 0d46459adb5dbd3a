"""Layers are timed on a way forward and a way back of their own, and the model is left as it was."""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import pairs, seeded
from harness.breadcrumb import Breadcrumb
from harness.flows import inputs_and_weights
from harness.pairs.base import Arrays
from harness.sides import timing
from harness.sides.layer_times import GRAPH, LOSS, time_layers

MODEL = "tests.unit.sides.branched:PAIR"
LAYERS = {"stem", "act", "left", "heavy", "head", "(model)/conv2d.0", "(model)/add.0", "(model)/add.1"}


@pytest.fixture(
    params=[
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("jittor", marks=pytest.mark.jittor),
    ]
)
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A side that holds the branched model with seeded weights."""
    module = importlib.import_module(f"harness.sides.{request.param}_side")
    held = getattr(module, f"{request.param.capitalize()}Side")("cpu", Breadcrumb(tmp_path / "place"))
    held.build(MODEL, "branched")
    state = inputs_and_weights.draw_state(pairs.find(MODEL), 1, held.state_table())
    inputs_and_weights.write(tmp_path / "state.h5", "state", state)
    held.load(str(tmp_path / "state.h5"))
    return held


@pytest.fixture
def inputs(tmp_path: Path) -> str:
    """A file with the image."""
    image = seeded.tensor(0, "image", (2, 3, 32, 32))
    return str(inputs_and_weights.write(tmp_path / "inputs.h5", "input", {"image": image}))


def gradients(side: Any) -> Arrays:
    """Those of the timed model, and what it returns."""
    outputs = side.call_model()
    found = side.gradients(next(iter(side.losses_of(outputs).values())), None)
    kept = {name: np.array(array) for name, array in found.items()}
    return {**kept, "outputs": np.array(side.tensors.to_array(outputs))}


def test_every_layer_has_its_time_both_ways(side: Any, inputs: str) -> None:
    timing.start_timing(side, inputs, "train", [], "", "float32")
    found = time_layers(side)
    assert LAYERS | {LOSS} <= found.forward.keys()
    forgiven = {"(model)/add.0", "(model)/add.1"}  # their way back hands on what came
    assert LAYERS - forgiven <= found.backward.keys()
    assert (GRAPH in found.backward) is (side.name == "jittor")
    assert min([*found.forward.values(), *found.backward.values()]) >= 0
    assert found.forward.keys() | found.backward.keys() <= found.kinds.keys()


@pytest.fixture
def one_thread(side: Any) -> Iterator[None]:
    """Two threads wait for each other where the machine has other work."""
    if side.name == "torch":
        torch = importlib.import_module("torch")
        threads, change = torch.get_num_threads(), torch.set_num_threads
    else:
        openmp = ctypes.CDLL("libgomp.so.1")  # that of Jittor's operators
        threads, change = openmp.omp_get_max_threads(), openmp.omp_set_num_threads
    change(1)
    yield
    change(threads)


@pytest.mark.usefixtures("one_thread")
def test_what_a_branch_costs_on_the_way_back_is_its_own(side: Any, inputs: str) -> None:
    """The heavy layer is given what the two others are given: 5x5 of 64 channels, beside 1x1 of 4."""
    timing.start_timing(side, inputs, "train", [], "", "float32")
    passes = [time_layers(side).backward for _ in range(5)]
    least = {path: min(one[path] for one in passes) for path in ("heavy", "left", "(model)/conv2d.0")}
    assert least["heavy"] == max(least.values())


def test_an_evaluation_has_no_way_back(side: Any, inputs: str) -> None:
    timing.start_timing(side, inputs, "eval", [], "", "float32")
    found = time_layers(side)
    assert found.forward.keys() >= LAYERS
    assert found.backward == {}


def test_the_model_is_left_as_it_was(side: Any, inputs: str) -> None:
    timing.start_timing(side, inputs, "train", [], "", "float32")
    before, state = gradients(side), {key: np.array(value) for key, value in side.read_state().items()}
    for _ in range(2):
        time_layers(side)
    after = gradients(side)
    assert before.keys() == after.keys() >= {"left.weight", "heavy.weight", "outputs"}
    for name in before:
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)
    for key, value in side.read_state().items():
        np.testing.assert_array_equal(value, state[key], err_msg=key)
    timing.time_block(side, 0.0)  # the optimiser finds its parameters
    assert not np.array_equal(side.read_state()["left.weight"], state["left.weight"])
