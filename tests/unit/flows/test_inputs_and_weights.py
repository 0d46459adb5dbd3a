"""Weights from a checkpoint: what others do to the file meanwhile ends no process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import pairs
from harness.case import Case
from harness.errors import BadInput
from harness.flows.inputs_and_weights import state_for
from tests import ROOT

MODEL = "tests.unit.sides.small:PAIR"
WEIGHT = np.arange(1 << 20, dtype=np.float32)
CUT_SHORT = """
import os, sys
from harness import pairs
from harness.case import Case
from harness.flows.inputs_and_weights import state_for
state = state_for(pairs.find({model!r}), Case({model!r}, "small", weights={path!r}), [])
os.truncate({path!r}, 100)
print(float(state["weight"].sum(dtype="float64")))
"""


def read(path: Path) -> dict[str, Any]:
    """The state of a case with these weights."""
    return state_for(pairs.find(MODEL), Case(MODEL, "small", weights=str(path)), [])


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint of one large tensor, mapped as it is read."""
    np.savez(tmp_path / "w.npz", weight=WEIGHT)
    return tmp_path / "w.npz"


def test_the_weights_are_those_of_the_file(checkpoint: Path) -> None:
    np.testing.assert_array_equal(read(checkpoint)["weight"], WEIGHT)


def test_a_file_cut_short_after_it_was_read_ends_no_process(checkpoint: Path) -> None:
    program = CUT_SHORT.format(model=MODEL, path=str(checkpoint))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == WEIGHT.sum(dtype=np.float64)


def test_a_file_that_changes_while_it_is_copied_is_refused(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = shutil.copyfileobj

    def cut_short(source: Any, target: Any, length: int) -> None:
        os.truncate(checkpoint, 100)
        plain(source, target, length)

    monkeypatch.setattr(shutil, "copyfileobj", cut_short)
    with pytest.raises(BadInput, match=r"w\.npz"):
        read(checkpoint)


def test_a_bad_checkpoint_is_named_as_the_user_named_it(tmp_path: Path) -> None:
    (tmp_path / "bad.pt").write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(BadInput) as refused:
        read(tmp_path / "bad.pt")
    assert str(tmp_path / "bad.pt") in str(refused.value)
    assert "align-" not in str(refused.value)
