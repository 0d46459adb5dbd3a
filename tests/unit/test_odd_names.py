"""Files whose names are no text, in a locale that knows little: read and written all the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import ROOT
from tests.selection import others_slow
from weight_convert import State, write_state

GOLDEN = ROOT / "golden" / "led" / "unet.eval.h5"
NAMES = {
    "no UTF-8": b"\xff",
    "a letter": "é".encode(),
    "a line break": b"a\nb",
    "an escape code": b"\x1b[31mred",
}
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


def run(*words: bytes, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Run a command of ours in an ASCII locale."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHONPATH": str(ROOT), **ASCII}
    command = [os.fsencode(sys.executable), b"-m", *words]
    return subprocess.run(command, capture_output=True, cwd=cwd, env=environment, check=False)


@pytest.fixture(params=list(NAMES))
def name(request: pytest.FixtureRequest, tmp_path: Path) -> bytes:
    """A name that a checkpoint and a trace in the folder have."""
    name = NAMES[request.param]
    write_state(State.of({"a": np.arange(3.0)}), tmp_path / "plain.npz")
    (tmp_path / "plain.npz").rename(tmp_path / os.fsdecode(name + b".npz"))
    shutil.copy(GOLDEN, tmp_path / os.fsdecode(name + b".h5"))
    return name


@pytest.mark.parametrize("suffix", [b".pt", b".pkl", b".safetensors", b".hdf5"])
def test_a_checkpoint_is_converted_there_and_back(name: bytes, suffix: bytes, tmp_path: Path) -> None:
    for source, target in ((name + b".npz", name + suffix), (name + suffix, name + b".2.npz")):
        done = run(b"weight_convert", source, target, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, b"")
    with np.load(tmp_path / os.fsdecode(name + b".2.npz")) as found:
        np.testing.assert_array_equal(found["a"], np.arange(3.0))


@pytest.mark.parametrize("name", others_slow(NAMES, "no UTF-8", "an escape code"), indirect=True)
def test_a_trace_is_shown_and_compared(name: bytes, tmp_path: Path) -> None:
    trace = name + b".h5"
    shown = run(b"harness.cli", b"show", trace, b"--json", cwd=tmp_path)
    assert shown.returncode == 0
    assert any(record["address"].startswith("output:") for record in json.loads(shown.stdout)["records"])
    for more in ((), (b"--json",)):
        assert run(b"harness.cli", b"diff", trace, trace, *more, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("command", [b"weight_convert none x.pt", b"harness.cli show none"])
def test_what_is_not_there_is_reported_in_plain_letters(name: bytes, command: bytes, tmp_path: Path) -> None:
    words = [name + b".none" if word == b"none" else word for word in command.split()]
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.isascii()
    assert b"\x1b" not in done.stderr
    assert b"Traceback" not in done.stderr
    first, *hints = done.stderr.splitlines()
    assert first.startswith((b"convert-weights: ", b"align: "))
    assert all(hint.startswith(b"Try: ") for hint in hints)
