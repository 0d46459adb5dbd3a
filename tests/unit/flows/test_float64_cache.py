"""Kept truths: the ones used longest ago go first, also while another run tidies the same folder."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from harness.flows.float64_cache import tidy, usable
from harness.trace import Trace, TraceWriter


def kept(folder: Path, count: int, size: int) -> list[Path]:
    """Files in the order of their last use."""
    paths = [folder / f"{number}.h5" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(bytes(size))
        os.utime(path, (1000 + number, 1000))
    return paths


def test_the_files_used_longest_ago_go(tmp_path: Path) -> None:
    paths = kept(tmp_path, 5, 10)
    tidy(tmp_path, most_bytes=25)
    assert [path for path in paths if path.exists()] == paths[3:]


def test_a_file_that_another_run_removes_meanwhile_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = kept(tmp_path, 5, 10)
    state = Path.stat

    def vanishing(self: Path, **more: bool) -> os.stat_result:
        if self == paths[4]:
            self.unlink(missing_ok=True)
        return state(self, **more)

    monkeypatch.setattr(Path, "stat", vanishing)
    tidy(tmp_path, most_bytes=25)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["2.h5", "3.h5"]


def test_a_truth_that_another_run_removes_meanwhile_is_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "truth.h5"
    with TraceWriter(path, {}) as writer:
        writer.add("output:0", np.ones(3, np.float32))
    assert usable(path)
    monkeypatch.setattr(Trace, "close", lambda _: path.unlink())
    assert not usable(path)
