"""From which checkpoint a training goes on."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.flows import checkpoints
from harness.pairs.recipe import Ema, Recipe


def kept(folder: Path, *steps: int) -> list[int]:
    """Make checkpoints after these steps."""
    for step in steps:
        (folder / checkpoints.FOLDER / f"step-{step:08d}").mkdir(parents=True)
    return steps_of(folder)


def steps_of(folder: Path) -> list[int]:
    """After how many steps the checkpoints that are there were written."""
    return [checkpoints.step_of(path) for path in checkpoints.found(folder)]


def test_a_training_goes_on_from_the_newest_checkpoint_that_its_log_tells_of(tmp_path: Path) -> None:
    assert kept(tmp_path, 9, 3, 6) == [3, 6, 9]
    found = checkpoints.newest(tmp_path, 7)
    assert found is not None
    assert checkpoints.step_of(found) == 6
    assert steps_of(tmp_path) == [3, 6]  # a newer one would count as one of the newest that are kept
    assert checkpoints.newest(tmp_path, 6) == found
    assert checkpoints.newest(tmp_path, 2) is None
    assert steps_of(tmp_path) == []


def test_without_a_checkpoint_a_training_begins_anew(tmp_path: Path) -> None:
    assert checkpoints.newest(tmp_path, 5) is None


@pytest.mark.parametrize(
    ("optimizer", "ema", "stop", "copies"),
    [
        ("sgd", None, 10, 2 * 2 * 3),  # parameters and momentum, both sides, two kept and one being written
        ("adam", None, 10, 3 * 2 * 3),
        ("adam", Ema(0.9), 10, 4 * 2 * 3),
        ("sgd", None, 2, 2 * 2 * 1),  # the only checkpoint is that of the end
    ],
)
def test_what_checkpoints_will_take_is_known_before(
    optimizer: str, ema: Ema | None, stop: int, copies: int, tmp_path: Path
) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(bytes(1000))
    recipe = Recipe(optimizer=optimizer, lr=0.1, ema=ema)
    live: Any = SimpleNamespace(
        weights=weights,
        every=2,
        request=SimpleNamespace(keep=2),
        plan=SimpleNamespace(recipe=recipe, stop=stop),
    )
    assert checkpoints.expected_bytes(live) == 1000 * copies
