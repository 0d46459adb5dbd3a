"""Porting mistakes over small networks: each is detected, most are named, and no wrong cause is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.ported.measure import Outcome, measured
from tests.mutants.ported.mistakes import HELD_BACK, MISTAKES

pytestmark = pytest.mark.torch
IN_THE_GATE = (
    "skip_after_norm", "side_skipped", "norms_exchanged", "padding_and_dilation", "merge_without_permute",
    "act_before_norm", "least_for_largest", "first_step", "gates_in_another_order", "gamma",
    "focal_mean",
)  # fmt: skip


def told(outcomes: list[Outcome], which: str, expected: bool = False) -> list[str]:
    """The outcomes that are, or are not, so."""
    return [f"{one.mistake.name}: {one.said}" for one in outcomes if getattr(one, which) is expected]


def test_mistakes_of_each_kind_are_explained(tmp_path: Path) -> None:
    outcomes = list(measured([one for one in MISTAKES if one.name in IN_THE_GATE], tmp_path))
    assert len(outcomes) == len(IN_THE_GATE)
    assert told(outcomes, "detected") == []
    assert told(outcomes, "located") == []
    assert told(outcomes, "named") == []


@pytest.mark.slow
@pytest.mark.parametrize(("held_back", "least"), [(False, 0.95), (True, 0.75)])
def test_no_cause_is_wrong_and_most_are_named(held_back: bool, least: float, tmp_path: Path) -> None:
    outcomes = list(measured([one for one in MISTAKES if (one.name in HELD_BACK) is held_back], tmp_path))
    assert told(outcomes, "detected") == []
    assert told(outcomes, "wrong", expected=True) == []
    assert len(told(outcomes, "named", expected=True)) >= least * len(outcomes)
