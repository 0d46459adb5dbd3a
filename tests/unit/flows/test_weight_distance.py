"""How far two memories are apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.flows.weight_distance import distance, slots_apart
from harness.trace import TraceWriter


def memory(path: Path, **slots: float) -> Path:
    """A memory of two parameters with these slots."""
    with TraceWriter(path, {"kind": "training"}) as writer:
        for name in ("a.weight", "b.weight"):
            writer.add(f"state:{name}", np.zeros(3))
            for slot, value in slots.items():
                writer.add(f"optimizer:{name}.{slot}", np.full(3, value))
    return path


def test_each_slot_is_measured_by_its_own_size(tmp_path: Path) -> None:
    ours = memory(tmp_path / "a.h5", step=60.0, exp_avg=1e-3, exp_avg_sq=1e-8)
    its = memory(tmp_path / "b.h5", step=60.0, exp_avg=1e-3, exp_avg_sq=0.9e-8)
    assert slots_apart(ours, its) == pytest.approx(0.1)
    assert slots_apart(ours, ours) == 0.0


def test_a_slot_that_is_lost_is_wholly_apart(tmp_path: Path) -> None:
    ours = memory(tmp_path / "a.h5", exp_avg=1e-3, exp_avg_sq=1e-8)
    for number, lost in enumerate(({"exp_avg": 1e-3, "exp_avg_sq": 0.0}, {"exp_avg": 1e-3})):
        its = memory(tmp_path / f"{number}.h5", **lost)
        assert slots_apart(ours, its) == slots_apart(its, ours) == 1.0


def test_the_distance_is_that_of_all_parameters_together(tmp_path: Path) -> None:
    paths = [tmp_path / "a.h5", tmp_path / "b.h5"]
    for path, value in zip(paths, (1.0, 3.0), strict=True):
        with TraceWriter(path, {"kind": "training"}) as writer:
            writer.add("state:a", np.full((2, 2), value, np.float32))
            writer.add("state:b", np.zeros(5, np.float32))
    assert distance(*paths) == 4.0
