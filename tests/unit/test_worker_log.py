"""The log that a message names is there, and stays when the scratch folder goes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness import worker_log
from harness.errors import WorkerLost
from harness.scratch import scratch_folder
from harness.session import Worker
from harness.worker_log import WorkerLog

BROKEN = """#!/bin/sh
echo "the reason, in words" >&2
{ending}
"""


def named(message: str) -> Path:
    """The log that a message names."""
    return Path(re.search(r"Its log: (\S+)", message)[1])


def test_a_log_that_stays_is_named_as_it_is(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "torch.log"
    log.parent.mkdir()
    log.write_text("said\n")
    assert WorkerLog("torch", log, tmp_path / "scratch").hint() == f"Its log: {log}"


def test_an_empty_log_is_not_named(tmp_path: Path) -> None:
    log = WorkerLog("torch", tmp_path / "torch.log", tmp_path)
    assert log.hint() == "It printed nothing"
    log.path.write_text("\n")
    assert log.hint() == "It printed nothing"
    assert list(tmp_path.iterdir()) == [log.path]


def test_where_nothing_can_be_kept_the_last_line_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = WorkerLog("torch", tmp_path / "torch.log", tmp_path)
    log.path.write_text("first\nlast words\n")
    monkeypatch.setattr(worker_log.tempfile, "tempdir", str(tmp_path / "missing"))
    assert log.hint() == "It printed at last: last words"


@pytest.mark.fault
@pytest.mark.parametrize(
    ("ending", "expected"),
    [("exit 9", "exit status 9"), ("kill -SEGV $$", "killed by SIGSEGV"), ("sleep 60", "gave no answer")],
)
def test_a_lost_worker_names_a_log_that_outlives_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, expected: str
) -> None:
    python = tmp_path / "python"
    python.write_text(BROKEN.format(ending=ending))
    python.chmod(0o755)
    monkeypatch.setenv("ALIGN_TORCH_PYTHON", str(python))
    monkeypatch.setattr("harness.environment.side_environment", lambda *_: {})
    with (
        pytest.raises(WorkerLost, match=expected) as lost,
        scratch_folder() as folder,
        Worker("torch", "cpu", folder, folder / "torch.log", 2.0) as worker,
    ):
        worker.ready()
    log = named(str(lost.value))
    assert not folder.exists()
    assert log.read_text() == "the reason, in words\n"
    log.unlink()
