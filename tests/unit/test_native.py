"""The compiled way to measure: the same as the walk, and the walk where it cannot be had."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.numerics import _native, difference


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A cache of the test's own."""
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path / "cache"))
    library = _native._library
    library.cache_clear()
    yield
    library.cache_clear()


@pytest.fixture
def library() -> None:
    if _native._library() is None:
        pytest.skip("there is no C compiler")


def pair(size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of many sizes and signs, zeros and denormals among them, and the same a little off."""
    rng = np.random.default_rng(seed)
    left = rng.standard_normal(size) * 10.0 ** rng.integers(-30, 8, size) * (rng.random(size) > 0.2)
    right = left * (1 + 1e-6 * rng.standard_normal(size) * (rng.random(size) > 0.3))
    right[rng.random(size) < 0.01] += 1e-39
    return left.astype(np.float32), right.astype(np.float32)


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 9, 1023, 1024, 1025, 3000, 300_000])
def test_it_finds_what_the_walk_finds(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = pair(size, seed=size)
    assert _native.totals(left, right) is not None
    compiled = dataclasses.asdict(difference(left, right))
    monkeypatch.setattr(_native, "_library", lambda: None)
    walked = dataclasses.asdict(difference(left, right))
    for name, value in walked.items():
        if isinstance(value, float):  # the walk adds up in float32, and divides in float64 now and then
            assert compiled[name] == pytest.approx(value, rel=2e-6), name
        else:
            assert compiled[name] == value, name


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("place", [0, 5, 1023, 1024, 2999])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_what_is_not_finite_is_left_to_the_walk(place: int, value: float, side: int) -> None:
    both = pair(3000)
    both[side][place] = value
    assert _native.totals(*both) is None
    assert difference(*both).nonfinite == 1


@pytest.mark.usefixtures("library")
def test_what_leaves_the_range_of_float32_is_left_to_the_walk() -> None:
    left, right = np.float32([3e38, 1.0]), np.float32([-3e38, 1.0])
    assert _native.totals(left, right) is None
    assert difference(left, right).max_abs == pytest.approx(6e38)


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("dtypes", [("float64", "float32"), ("float32", "float16"), ("int32", "int32")])
def test_other_dtypes_are_left_to_the_walk(dtypes: tuple[str, str]) -> None:
    left, right = (np.ones(10, dtype) for dtype in dtypes)
    assert _native.totals(left, right) is None
    assert difference(left, right).max_abs == 0


@pytest.mark.usefixtures("library")
def test_the_sums_are_those_of_float64() -> None:
    left, right = (np.clip(array, -1e3, 1e3) for array in pair(200_000))
    found, exact = _native.totals(left, right), left.astype(np.float64)
    assert found is not None
    assert found.reference2 == pytest.approx(np.dot(exact, exact), rel=1e-13)
    apart = (left - right).astype(np.float64)
    assert found.difference2 == pytest.approx(np.dot(apart, apart), rel=1e-13)
    assert found.product == pytest.approx(np.dot(exact, apart), rel=1e-10)


def test_without_a_compiler_the_walk_does_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    left, right = pair(5000)
    assert _native.totals(left, right) is None
    assert difference(left, right).max_ulp > 0


def test_a_compiler_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert _native.totals(*pair(5000)) is None
    assert list((tmp_path / "cache" / "measuring").iterdir()) == []


def test_a_cache_that_cannot_be_written_or_holds_nonsense(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, no folder")
    monkeypatch.setenv("ALIGN_CACHE", str(blocked))
    assert _native.totals(*pair(5000)) is None
    monkeypatch.setenv("ALIGN_CACHE", str(tmp_path))
    kept = tmp_path / "measuring" / f"{_native._digest()}.so"
    kept.parent.mkdir()
    kept.write_bytes(b"no library")
    _native._library.cache_clear()
    assert _native.totals(*pair(5000)) is None
    assert difference(*pair(5000)).max_ulp > 0


@pytest.mark.usefixtures("library")
def test_it_is_compiled_once_for_each_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    _native._library.cache_clear()
    commands: list[object] = []
    plain = subprocess.run

    def run(command: object, **options: object) -> object:
        commands.append(command)
        return plain(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(_native.subprocess, "run", run)
    assert _native._library() is not None
    assert commands == []
    monkeypatch.setattr(_native, "_abilities", lambda: ["flags : another processor's"])
    _native._library.cache_clear()
    assert _native._library() is not None
    assert len(commands) == 1
