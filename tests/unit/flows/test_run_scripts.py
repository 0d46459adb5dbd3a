"""The scripts of a reproducer are run as they are written, and a fault in one is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import reproduce
from harness.flows.run_scripts import run_scripts
from tests.unit.test_reproduce import NORM, tensors

pytestmark = [pytest.mark.torch, pytest.mark.jittor]


def test_each_script_says_how_far_it_is_from_what_was_recorded(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    reproduce.write(folder, "layer:x#0:out", NORM, tensors(), {}, "")
    before = sorted(path.name for path in folder.iterdir())
    for run in run_scripts(folder):
        assert run.ran, run.said
        reference, port = (float(line.rpartition(" ")[2]) for line in run.said)
        assert reference < 1e-6 < 0.1 < port
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_script_that_does_not_run_is_named_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    reproduce.write(folder, "layer:x#0:out", NORM, tensors(), {"eps": 1e-3}, "")
    (folder / "reference.py").write_text("raise ValueError('no such layer')\n")
    (folder / "port.py").write_text("import os\nos._exit(3)\n")
    reference, port = run_scripts(folder)
    assert not reference.ran
    assert reference.said == ("exit status 1: ValueError: no such layer",)
    assert not port.ran
    assert port.said == ("exit status 3: it printed nothing",)
