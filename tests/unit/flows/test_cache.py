"""What can be removed of the cache: what no present version uses, and what was not used for long."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.environment.compiled import ELSEWHERE, PRESENT, STALE, UNKNOWN, Compiled
from harness.flows import cache

DAY = 86400.0


def found(folder: Path) -> cache.Cache:
    """A cache with something in each state, and two float64 runs, one of them old."""
    home, now = folder / "jittor", time.time()
    states = {"a": PRESENT, "b": STALE, "c": ELSEWHERE, "d": UNKNOWN, "e": STALE, "f": PRESENT}
    for name in states:
        (home / name).mkdir(parents=True)
    compiled = [
        Compiled(home / name, "Jittor", 10, now - 40 * DAY, state, f"why {name}", 7 if name == "e" else None)
        for name, state in states.items()
    ]
    truths = folder / "truth"
    truths.mkdir()
    for name, age in (("old.h5", 40), ("new.h5", 1)):
        (truths / name).write_bytes(bytes(5))
        os.utime(truths / name, (now - age * DAY, now - 50 * DAY))
    (truths / "link.h5").symlink_to(truths / "old.h5")
    return cache.Cache(folder, compiled, [cache.KeptFolder("float64 runs", truths, 2, 10, 100)], 70, 1, "")


def named(things: list[cache.Removable]) -> list[str]:
    return [one.path.name for one in things]


def test_what_nobody_uses_is_removable_and_what_a_process_holds_is_not(tmp_path: Path) -> None:
    assert named(cache.removable(found(tmp_path))) == ["b"]


def test_with_an_age_also_what_may_be_anothers(tmp_path: Path) -> None:
    chosen = cache.removable(found(tmp_path), unused_for=30)
    assert named(chosen) == ["b", "c", "d", "old.h5"]
    assert "last used" in chosen[1].why
    assert named(cache.removable(found(tmp_path / "later"), unused_for=45)) == ["b"]


def test_pruning_removes_what_was_chosen_and_nothing_else(tmp_path: Path) -> None:
    place = found(tmp_path)
    removed = cache.prune(place, cache.removable(place, unused_for=30))
    assert {one.left for one in removed} == {""}
    assert sorted(path.name for path in (tmp_path / "jittor").iterdir()) == ["a", "e", "f"]
    assert sorted(path.name for path in (tmp_path / "truth").iterdir()) == ["link.h5", "new.h5"]


def test_what_cannot_be_removed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = found(tmp_path)
    monkeypatch.setattr("harness.environment.holders.held", lambda folders: dict.fromkeys(folders, 42))
    (left,) = cache.prune(place, cache.removable(place))
    assert left.left == "process 42 uses it"
    assert left.path.is_dir()


def test_an_empty_cache_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path / "none"))
    monkeypatch.setattr(cache, "_present", lambda: (None, "no Jittor here"))
    empty = cache.cache()
    assert (empty.compiled, empty.bytes, empty.problem) == ([], 0, "no Jittor here")
    assert [kept.files for kept in empty.kept] == [0, 0]
    assert cache.removable(replace(empty), unused_for=1) == []
