"""`align cache`: what it shows, and that nothing is removed before somebody has agreed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.environment.compiled import STALE, Compiled
from harness.flows import cache
from tests.unit.cli.conftest import Align


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[cache.Removable]:
    """A cache with one thing that nobody uses; what was removed of it."""
    one = Compiled(tmp_path / "jittor" / "cpu-1", "Jittor 1.3.11", 3 << 30, 0.0, STALE, "its Jittor is gone")
    kept = cache.KeptFolder("twins", tmp_path / "twins", 4, 1 << 20, 256 << 20)
    found = cache.Cache(tmp_path, [one], [kept], 4 << 30, 9 << 30, "")
    gone: list[cache.Removable] = []
    monkeypatch.setattr(cache, "cache", lambda: found)
    monkeypatch.setattr(cache, "prune", lambda place, chosen: gone.extend(chosen) or list(chosen))
    return gone


def test_show_tells_sizes_states_and_what_to_do(align: Align, removed: list[cache.Removable]) -> None:
    shown = align("cache", "show").stdout
    told = ("4.0 GiB, 9.0 GiB free", "cpu-1", "stale", "twins: 4 files, 1 MiB of 256 MiB", "cache prune")
    for words in told:
        assert words in shown
    document = align("cache", "show", "--json").document
    assert document["compiled"][0]["why"] == "its Jittor is gone"


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_nothing_goes_before_somebody_has_agreed(
    align: Align, removed: list[cache.Removable], flags: tuple[str, ...]
) -> None:
    ran = align("cache", "prune", *flags)
    assert ran.exit_code == 0
    assert "add --yes" in ran.stdout or ran.document["done"] is False
    assert removed == []


def test_with_yes_it_goes(align: Align, removed: list[cache.Removable]) -> None:
    assert "3.0 GiB removed" in align("cache", "prune", "--yes").stdout
    assert [one.path.name for one in removed] == ["cpu-1"]


@pytest.mark.parametrize("words", [("--mode", "train"), ("--variant", "s"), ("--option", "a=1")])
def test_what_is_about_a_pair_needs_one(align: Align, words: tuple[str, ...]) -> None:
    ran = align("cache", "warm", *words)
    assert ran.exit_code == 2
    assert f"{words[0]} is about a pair; name it with --model" in ran.stderr
