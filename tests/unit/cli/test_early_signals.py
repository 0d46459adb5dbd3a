"""A signal at any moment of a program's first second ends it with the signal's code, never with a verdict."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests import ROOT
from tests.unit.cli.test_every_ending import TABLE
from tests.unit.reports import samples

CODES = {signal.SIGINT: (130, -signal.SIGINT), signal.SIGTERM: (143, -signal.SIGTERM)}
DELAYS = (0.0, 0.02, 0.05, 0.2, 0.5, 1.0)
AGAIN = 5.0  # seconds until a user who sees nothing happen presses Ctrl-C once more
PATIENCE = 60.0


def ended(words: list[str], folder: Path, sent: signal.Signals, delay: float) -> tuple[int, str]:
    """The exit code, and what was said, of a program that gets a signal so long after its start."""
    sleeping = folder / "python"
    sleeping.write_text("#!/bin/sh\nexec sleep 30\n")
    sleeping.chmod(0o755)
    environment = {**os.environ, "ALIGN_TORCH_PYTHON": str(sleeping), "ALIGN_JITTOR_PYTHON": str(sleeping)}
    process = subprocess.Popen(
        [ROOT / "run", *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    for wait in (delay, AGAIN, AGAIN, AGAIN):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait)
        if process.poll() is not None:
            break
        process.send_signal(sent)
    _, said = process.communicate(timeout=PATIENCE)
    return process.returncode, said


def placed(folder: Path) -> None:
    """What the words of the table name."""
    (folder / "run").mkdir()
    samples.diverging().save(folder / "run" / "alignment.json")
    np.savez(folder / "w.npz", weight=np.ones(3, np.float32))
    for name in ("a.h5", "b.h5"):
        (folder / name).touch()


@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("sent", CODES)
def test_a_comparison(tmp_path: Path, sent: signal.Signals, delay: float) -> None:
    code, said = ended(["align", "compare", "-m", "led", "-o", "new"], tmp_path, sent, delay)
    assert code in CODES[sent], said
    assert "Traceback" not in said


@pytest.mark.parametrize("delay", DELAYS[:4])
@pytest.mark.parametrize("sent", CODES)
def test_a_conversion(tmp_path: Path, sent: signal.Signals, delay: float) -> None:
    """Over in a moment: it may have been done before."""
    placed(tmp_path)
    code, said = ended(["convert-weights", "w.npz", "new.h5"], tmp_path, sent, delay)
    assert code in (0, *CODES[sent]), said
    assert "Traceback" not in said
    assert (tmp_path / "new.h5").is_file() or code


@pytest.mark.slow
@pytest.mark.parametrize("delay", DELAYS)
@pytest.mark.parametrize("name", TABLE)
def test_every_command(tmp_path: Path, name: str, delay: float) -> None:
    """A command that is done before the signal ends as it does without one."""
    placed(tmp_path)
    row = TABLE[name]
    for sent, codes in CODES.items():
        code, said = ended([*name.split(), *row.words.split()], tmp_path, sent, delay)
        done = {row.code, 2} if row.code != 1 or not row.runs else set()
        assert code in {*codes, *done}, said
        assert "Traceback" not in said
