"""The noise of running statistics is that of their own rounding, as numpy says in float64."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness import pairs
from harness.breadcrumb import Breadcrumb
from harness.flows import inputs_and_weights
from harness.sides import float64_truth, verbs
from harness.sides.torch_side import TorchSide
from harness.trace import Trace
from harness.trace_header import TraceHeader

MODEL = "tests.unit.sides.small:PAIR"
MOMENTUM = 0.1


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """The truth of a training pass of the small model, measured after its recorded run."""
    side, inputs = recorded(tmp_path)
    verbs.measure_truth(
        side, inputs, "train", str(tmp_path / "run.h5"), str(tmp_path / "truth.h5"), str(tmp_path), 64
    )
    return tmp_path


def recorded(tmp_path: Path) -> tuple[TorchSide, str]:
    """The side of the small model, and its inputs, after a recorded run."""
    pair = pairs.find(MODEL)
    side = TorchSide("cpu", Breadcrumb(tmp_path / "place"))
    side.build(MODEL, "small")
    state = inputs_and_weights.draw_state(pair, 1, side.state_table())
    side.load(str(inputs_and_weights.write(tmp_path / "state.h5", "state", state)))
    image = np.random.default_rng(0).random((4, 3, 8, 8), dtype=np.float32)
    inputs = str(inputs_and_weights.write(tmp_path / "inputs.h5", "input", {"image": image}))
    side.run(inputs, "train", str(tmp_path / "run.h5"))
    side.backward()
    return side, inputs


def test_running_statistics_are_as_certain_as_float32_makes_them(truth: Path) -> None:
    with Trace.open(truth / "truth.h5") as exact, Trace.open(truth / "run.h5") as run:
        given = run.array("layer:norm#0:in.0")
        assert given is not None
        values = np.moveaxis(given.astype(np.float64), 1, 0).reshape(4, -1)
        before = np.asarray(_seeded("norm.running_var", 4), np.float64)
        expected = (1 - MOMENTUM) * before + MOMENTUM * values.var(1, ddof=1)
        np.testing.assert_allclose(run.array("state:norm.running_var"), expected, rtol=1e-6)
        for name in ("running_mean", "running_var"):
            noise = exact.records[f"state:norm.{name}"].noise
            assert noise is not None
            assert 0 < noise.l2 < 1e-5 * np.linalg.norm(expected)


def test_more_runs_show_more_noise_and_never_less(tmp_path: Path) -> None:
    side, inputs = recorded(tmp_path)
    noise = []
    for times in (1, 4):
        path = tmp_path / f"truth-{times}.h5"
        float64_truth.measure(
            side, inputs, "train", tmp_path / "run.h5", path, tmp_path, 64, "all", TraceHeader(), True, times
        )
        with Trace.open(path) as truth:
            noise.append({name: one.noise.l2 for name, one in truth.records.items() if one.noise})
    once, often = noise
    assert once.keys() == often.keys()
    assert all(often[name] >= once[name] for name in once)
    assert sum(often[name] > once[name] for name in once) > len(once) / 4


def _seeded(key: str, width: int) -> np.ndarray:
    return pairs.find(MODEL).weight_rule(1, key, (width,))
