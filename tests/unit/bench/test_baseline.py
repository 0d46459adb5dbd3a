"""A baseline of anything else is refused as soon as that is known."""

from __future__ import annotations

import dataclasses

import pytest

from harness.bench.baseline import Expected
from harness.errors import BadInput
from tests.unit.bench.samples import MACHINE, made

OLD = made([2.0, 2.01, 1.99])
KEY = OLD.rows[0].key
ANYTHING = dataclasses.replace(MACHINE, device_name="")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("other", "small", "cpu", ANYTHING), "another model: tiny there, other here"),
        (("tiny", "wide", "cpu", ANYTHING), "another variant: small there, wide here"),
        (("tiny", "small", "cuda", ANYTHING), "another device: cpu there, cuda here"),
        (("tiny", "small", "cpu", dataclasses.replace(ANYTHING, cores=3)), "another machine"),
    ],
)
def test_what_is_known_before_anything_runs(asked: tuple[str, str, str, object], said: str) -> None:
    Expected(OLD).require_case("tiny", "small", "cpu", ANYTHING)
    with pytest.raises(BadInput, match=said):
        Expected(OLD).require_case(*asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "key",
    [
        KEY.replace("eval", "train"),
        KEY.replace("batch 4", "batch 8"),
        KEY.replace("64x64", "32x32"),
        KEY.replace("64x64", "usual size"),
        KEY.replace("jittor /", "jittor + eager /"),
    ],
)
def test_a_row_that_the_baseline_does_not_have(key: str) -> None:
    assert key != KEY
    Expected(OLD).require_row(KEY)
    with pytest.raises(BadInput, match="the baseline has no row"):
        Expected(OLD).require_row(key)


@pytest.mark.parametrize("rounds", [[], [1.0], [1.0, 0.0], [1.0, -2.0], [1.0, float("nan")], [1.0, 1e300]])
def test_a_baseline_whose_rounds_say_nothing(rounds: list[float]) -> None:
    empty = dataclasses.replace(OLD, rows=[dataclasses.replace(OLD.rows[0], rounds=rounds)])
    with pytest.raises(BadInput, match="so it says nothing"):
        Expected(empty).require_row(KEY)


def test_what_a_worker_tells() -> None:
    expected = Expected(OLD)
    expected.require_worker("torch", {"torch": "2"}, "cpu")
    with pytest.raises(BadInput, match="another version of torch"):
        expected.require_worker("torch", {"torch": "3"}, "cpu")
    with pytest.raises(BadInput, match=r"another machine: cpu there, cpu .AVX512. here"):
        expected.require_worker("torch", {"torch": "2"}, "cpu (AVX512)")
    expected.require_settings(KEY, "jittor", {"threads": "2", "a setting of later": "1"})
    with pytest.raises(BadInput, match="another setting of jittor"):
        expected.require_settings(KEY, "jittor", {"threads": "1"})


def test_without_a_baseline_everything_goes() -> None:
    expected = Expected(None)
    expected.require_case("any", "any", "cpu", ANYTHING)
    expected.require_row("any")
    expected.require_worker("torch", {}, "")
    expected.require_settings("any", "torch", {})
