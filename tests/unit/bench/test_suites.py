"""The suites that run under pytest-benchmark: what it reports is what a worker has measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT


@pytest.mark.torch
def test_a_model_is_timed_under_pytest_benchmark(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    words = ["benchmarks/suites", "-k", "led and eval and torch", "-q", "-p", "no:cacheprovider"]
    places = [f"--basetemp={tmp_path / 'own'}", f"--benchmark-json={found}"]
    # Under xdist, whose name a test's process hands on, pytest-benchmark measures nothing.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *places],
        cwd=ROOT, env=alone, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads(found.read_text())["benchmarks"]
    assert row["group"] == "led unet, eval, 128x128"
    assert row["params"]["side"] == "torch"
    assert row["stats"]["rounds"] == 15
    assert 0 < row["stats"]["min"] <= row["stats"]["median"] < 60
