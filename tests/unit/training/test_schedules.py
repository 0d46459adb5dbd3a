"""Schedules: the shares that torch's own give, warm-ups, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.errors import BadInput
from harness.pairs.recipe import Length
from harness.training import schedules

LENGTH = Length(epochs=10, steps=4, batch=1)


def shares(name: str, options: dict[str, Any], numbers: range = range(40)) -> list[float]:
    """The share of each pass."""
    return [schedules.share(name, options, LENGTH, number) for number in numbers]


def test_a_milestone_counts_epochs_and_comes_with_the_first_pass_of_its_epoch() -> None:
    found = shares("multistep", {"milestones": (3, 7), "gamma": 0.1})
    assert found[:12] == [1.0] * 12
    assert found[12:28] == pytest.approx([0.1] * 16)
    assert found[28:] == pytest.approx([0.01] * 12)
    assert schedules.events("multistep", {"milestones": (3, 7)}, LENGTH) == {
        "milestone 3": 12,
        "milestone 7": 28,
    }


def test_poly_counts_passes_and_may_begin_at_one() -> None:
    found = shares("poly", {"power": 0.9, "first": 1})
    assert found[0] == pytest.approx((1 - 1 / 40) ** 0.9)
    assert found[-1] == 0


def test_cosine_ends_at_its_share() -> None:
    found = shares("cosine", {"final_share": 0.01})
    expected = [0.01 + 0.99 * (1 + math.cos(math.pi * epoch / 10)) / 2 for epoch in range(10)]
    assert found[::4] == pytest.approx(expected)


def test_a_warm_up_grows_in_a_line_and_ends() -> None:
    found = shares("constant", {"warmup_steps": 4, "warmup_start": 0.2}, range(6))
    assert found == pytest.approx([0.4, 0.6, 0.8, 1.0, 1.0, 1.0])
    assert schedules.events("constant", {"warmup_epochs": 2}, LENGTH) == {"end of the warm-up": 8}


@pytest.mark.torch
@pytest.mark.parametrize(
    ("name", "options", "scheduler", "arguments"),
    [
        ("step", {"size": 3, "gamma": 0.5}, "StepLR", {"step_size": 3, "gamma": 0.5}),
        ("exponential", {"gamma": 0.9}, "ExponentialLR", {"gamma": 0.9}),
        (
            "multistep",
            {"milestones": (2, 5), "gamma": 0.3},
            "MultiStepLR",
            {"milestones": [2, 5], "gamma": 0.3},
        ),
        ("cosine", {}, "CosineAnnealingLR", {"T_max": 10}),
        ("poly", {"power": 2.0, "per": "epoch"}, "PolynomialLR", {"total_iters": 10, "power": 2.0}),
        ("linear", {}, "LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 10}),
    ],
)
def test_shares_are_those_of_torch(
    name: str, options: dict[str, Any], scheduler: str, arguments: dict[str, Any]
) -> None:
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = getattr(torch.optim.lr_scheduler, scheduler)(optimizer, **arguments)
    for epoch in range(10):
        assert schedules.share(name, options, LENGTH, 4 * epoch) == pytest.approx(
            optimizer.param_groups[0]["lr"], abs=1e-12
        )
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("cosinus", {}, "the recipe's schedule is 'cosinus'; it should be one of constant, multistep"),
        ("poly", {"gamma": 1}, "the schedule poly has no option 'gamma'; it has power, per"),
        ("step", {}, "the schedule step needs the option 'size'"),
        ("constant", {"per": "day"}, "the schedule's option per is 'day'; it should be step or epoch"),
    ],
)
def test_what_is_no_schedule_is_refused(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        schedules.check(name, options)
