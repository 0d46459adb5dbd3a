"""Numbers of a loss are solved for, and operations of right losses left alone; the loss is numpy here."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from harness.answers import LossListed, LossOperation, LossTensor, LossTried
from harness.flows import loss_trials
from harness.flows.loss_trials import LossTrials, WantedLosses
from harness.flows.reference_probe import ReferenceProbe, TimeLimit
from harness.requests import Edit, ListLoss, Load, TryLoss

GIVEN = np.abs(np.random.default_rng(1).standard_normal(20)) + 0.1
OPERATIONS = [
    LossOperation("pow.0", "pow", {"1": 2.0}, [], 1, 1, [20], {}, [], LossTensor("pow.0", [20])),
    LossOperation(
        "sum.0", "sum", {}, [], 1, 1, [20], {}, [LossTensor("pow.0", [20])], LossTensor("sum.0", [])
    ),
    LossOperation("mean.0", "mean", {}, [], 1, 1, [20], {}, [], LossTensor("mean.0", [])),
]


def losses(exponent: float = 2.0, factor: float = 1.0, of_mean: float = 1.0) -> dict[str, float]:
    return {"power": factor * float(np.sum(GIVEN**exponent)), "mean": of_mean * float(np.mean(GIVEN))}


class Reference:
    """A worker whose loss is known."""

    def __init__(self) -> None:
        self.tried, self.most = 0, 1 << 16

    def call(self, request: Any) -> Any:
        if isinstance(request, Load):
            return None
        if isinstance(request, ListLoss):
            return LossListed(OPERATIONS)
        assert isinstance(request, TryLoss)
        done = request.trials[: self.most]
        self.tried += len(done)
        return [self._made(edits) for edits in done]

    def _made(self, edits: list[Edit]) -> LossTried:
        given: dict[str, float] = {}
        for edit in edits:
            if edit.how == "argument":
                given["exponent"] = edit.value
            elif edit.how == "times":
                given["of_mean" if edit.path == "mean.0" else "factor"] = edit.value
        return LossTried(losses(**given))


def trials(worker: Reference) -> LossTrials:
    place = Path("nowhere")
    limit = TimeLimit()
    probe = SimpleNamespace(
        worker=worker, inputs=place, state=place, mode="train", scratch=place, limit=limit
    )
    return LossTrials(cast(ReferenceProbe, probe))


def wanted(port: dict[str, float]) -> WantedLosses:
    right = losses()
    return WantedLosses(port, right, {name: 8e-6 * abs(value) for name, value in right.items()})


def said(port: dict[str, float]) -> list[str]:
    tried = trials(Reference())
    asked = wanted(port)
    concerned = tried.concerned(asked, tried.listed())
    return [words for (words, _), result in tried.solved(asked, concerned.together) if asked.is_met(result)]


def test_an_exponent_is_solved_for() -> None:
    assert "pow.0 has 1.5 in place of 2 (solved for)" in said(losses(exponent=1.5))


def test_a_factor_is_solved_for() -> None:
    words = "the result of sum.0 is taken times 0.3 (a factor that is fitted)"
    assert words in said(losses(factor=0.3))


def test_what_a_right_loss_depends_on_is_left_alone() -> None:
    tried = trials(Reference())
    found = tried.concerned(wanted(losses(factor=2.0)), tried.listed())
    assert [one.path for one in found.together] == ["pow.0", "sum.0"]


def test_a_part_that_moves_a_sum_by_less_than_its_room_is_no_part_alone() -> None:
    asked = WantedLosses(
        {"total": 21.0, "part": 3.0, "other": 18.0},
        {"total": 20.0, "part": 2.0, "other": 18.0},
        {"total": 1.6e-4, "part": 1.6e-5, "other": 1.6e-4},
    )
    moved = LossTried({"total": 20.0 + 5e-5, "part": 2.0 + 5e-5, "other": 18.0})
    assert asked.moved(moved) == {"part"}
    assert asked.moved(moved, 1 / 32) == asked.wrong()


def test_no_number_makes_two_losses_wrong_that_have_nothing_in_common() -> None:
    assert said(losses(factor=2.0, of_mean=3.0)) == []


def test_it_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_trials, "_SECONDS", 0.0)
    worker = Reference()
    tried = trials(worker)
    assert list(tried.solved(wanted(losses(exponent=1.5)), OPERATIONS)) == []
    assert worker.tried == 0


def test_a_look_at_what_was_found_adds_time_for_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_trials, "_SECONDS", 0.0)
    tried = trials(Reference())
    before = tried.until
    monkeypatch.setattr(loss_trials, "_SECONDS", 60.0)
    with tried.more_time():
        assert tried.until > before
        assert len(list(tried.tried([("", [])]))) == 1
    assert tried.until == before


def test_no_more_is_tried_than_there_is_time_for_and_that_is_noted() -> None:
    """A worker answers fewer trials than it was asked for where the others would end too late."""
    worker = Reference()
    tried = trials(worker)
    assert len(list(tried.tried([("", [])] * 40))) == 40
    assert not tried.cut
    worker.most = 5
    assert len(list(tried.tried([("", [])] * 40))) == 5
    assert tried.cut


def test_the_time_of_the_source_ends_a_second_look_too() -> None:
    worker = Reference()
    tried = trials(worker)
    tried.probe.limit.until = 0.0
    tried.listed()
    with tried.more_time():
        assert list(tried.tried([("", [])])) == []
    assert worker.tried == 0
