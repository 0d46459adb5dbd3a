"""An entry of the knowledge base is named where its own experiment gives the port's tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from harness import knowledge
from harness.diagnose import DifferingLayer, Trial, known
from harness.diagnose._cause import explain_forward

RNG = np.random.default_rng(3)
MAP = RNG.standard_normal((2, 3, 8, 5)).astype(np.float32)


def adaptive(size: tuple[int, int]) -> np.ndarray[Any, Any]:
    """torch's: each window from the floor of its begin to the ceiling of its end."""
    out = np.empty((*MAP.shape[:2], *size), np.float32)
    for row in range(size[0]):
        for column in range(size[1]):
            top, bottom = row * 8 // size[0], -(-(row + 1) * 8 // size[0])
            left, right = column * 5 // size[1], -(-(column + 1) * 5 // size[1])
            out[:, :, row, column] = MAP[:, :, top:bottom, left:right].mean((2, 3))
    return out


def one_window(size: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Jittor's, as its source has it."""
    (high, wide), (rows, columns) = MAP.shape[2:], size
    down, along = high // rows, wide // columns
    tall, broad = high - (rows - 1) * down, wide - (columns - 1) * along
    out = np.empty((*MAP.shape[:2], *size), np.float32)
    for row in range(rows):
        for column in range(columns):
            window = MAP[:, :, row * down : row * down + tall, column * along : column * along + broad]
            out[:, :, row, column] = window.mean((2, 3))
    return out


def explained(port: Any) -> Any:
    """The cause; nothing is tried again on a reference."""
    layer = DifferingLayer(
        "AdaptiveAvgPool2d", adaptive((3, 2)), port, (MAP,), attributes={"output_size": [3, 2]}, floor=1e-4
    )
    return explain_forward(layer, lambda trials: [None for _ in trials])


def test_what_jittor_is_known_to_make_is_named_by_its_entry() -> None:
    found = explained(one_window((3, 2)))
    assert found.found
    assert found.entries == ("adaptive-pool",)
    assert "one fixed window" in found.sentence


def test_a_port_may_do_by_itself_what_jittor_does() -> None:
    """Whether it asks for what is right is seen of a module alone, whose attributes both sides have."""
    assert "or the port by itself" in explained(one_window((3, 2))).sentence
    for operation, attributes, alone in (
        (False, {"count_include_pad": False}, True),
        (True, {"count_include_pad": False}, False),
        (True, {}, False),
    ):
        layer = DifferingLayer("avg_pool2d", MAP, MAP + 1, (MAP,), attributes, operation=operation)
        (words,) = (trial.words for trial in known.trials(layer) if trial.entry == "pool-count")
        assert words.endswith("as Jittor does whatever it is asked") == alone
        assert words.endswith("or as the port asks for it") != alone


def test_a_layer_that_is_missing_in_the_port_is_not_what_jittor_makes_of_it() -> None:
    """Windows for a map of its own size take one element each."""
    found = explained(MAP)
    assert found.entries == ()
    assert (
        "its input, unchanged: the layer is missing, or does nothing, of shape 2x3x8x5 in place of 2x3x3x2."
        in found.sentence
    )


def test_another_wrong_result_of_the_same_layer_names_no_entry() -> None:
    wrong = explained(adaptive((3, 2)) + np.float32(0.5))
    assert wrong.entries == ()
    noise = explained(adaptive((3, 2)) + RNG.standard_normal((2, 3, 3, 2)).astype(np.float32))
    assert (noise.found, noise.entries) == (False, ())


def test_an_attribute_in_which_the_sides_differ_is_not_jittors_doing() -> None:
    asked: list[Trial] = []

    def note(trials: Sequence[Trial]) -> list[Any]:
        asked.extend(trials)
        return [None for _ in trials]

    layer = DifferingLayer("AvgPool2d", MAP, MAP + 1, (MAP,), {"count_include_pad": False})
    explain_forward(layer, note)
    assert [dict(trial.changes) for trial in asked if trial.entry == "pool-count"] == [
        {"count_include_pad": True}
    ]
    differing = {"count_include_pad": (False, True)}
    assert not any(
        trial.entry for trial in known.trials(
            DifferingLayer("AvgPool2d", MAP, MAP + 1, (MAP,), {"count_include_pad": False}, differing)
        )
    )  # fmt: skip


@pytest.mark.parametrize("words", known.OF_STEPS)
def test_a_step_names_entries_that_exist(words: str) -> None:
    (entry,) = known.of_step(f"jittor's step is the reference's where {words}.")
    assert entry in knowledge.entries()
    assert known.of_step("none of 59 hypotheses makes jittor's step.") == []
