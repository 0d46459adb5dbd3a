"""How far Jittor's core is compiled."""

from __future__ import annotations

import os
from pathlib import Path

from harness.environment.core_progress import CoreProgress


def test_only_new_object_files_of_the_core_count(tmp_path: Path) -> None:
    objects = tmp_path / ".cache" / "jittor" / "jt1" / "g++1" / "py3" / "cpu-1" / "obj_files"
    others = objects.parent / "jit" / "obj_files"
    for folder in (objects, others):
        folder.mkdir(parents=True)
    (objects / "old.cc.o").touch()
    os.utime(objects / "old.cc.o", (1, 1))
    progress = CoreProgress(tmp_path)
    assert progress.compiled() == 0
    for name in ("one.cc.o", "two.cc.o", "two.cc.o.key"):
        (objects / name).touch()
    (others / "operator.cc.o").touch()
    assert progress.compiled() == 2


def test_a_home_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert CoreProgress(tmp_path / "nowhere").compiled() == 0
