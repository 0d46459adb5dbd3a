"""Edits of a loss of the reference do what their words say; numpy computes it in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import pairs
from harness.breadcrumb import Breadcrumb
from harness.flows import inputs_and_weights
from harness.pairs.base import Arrays, InputRequest
from harness.requests import Edit
from harness.sides import loss_edits

pytestmark = pytest.mark.torch
MODEL = "tests.unit.sides.compared:PAIR"


@pytest.fixture
def given() -> Arrays:
    pair = pairs.find(MODEL)
    return pair.draw_inputs(InputRequest(pair.variants["compared"], "train", seed=3))


@pytest.fixture
def side(given: Arrays, tmp_path: Path) -> Any:
    """The reference, with the operations of its losses listed once."""
    from harness.sides.torch_side import TorchSide

    held = TorchSide("cpu", Breadcrumb(tmp_path / "place"))
    held.build(MODEL, "compared")
    state = inputs_and_weights.draw_state(pairs.find(MODEL), 1, held.state_table())
    held.load(str(inputs_and_weights.write(tmp_path / "state.h5", "state", state)))
    inputs = str(inputs_and_weights.write(tmp_path / "inputs.h5", "input", given))
    held.listed = {one.path: one for one in loss_edits.list_loss(held, inputs, "train").operations}
    return held


def scores(side: Any, given: Arrays) -> Any:
    weight = side.tensors.to_array(side.model.state_dict()["embed.weight"])
    return np.asarray(weight, np.float64)[given["tokens"]]


def entropy(scores: Any, labels: Any) -> float:
    """Of rows of scores and their labels."""
    rows, wanted = scores.reshape(-1, 5), labels.reshape(-1)
    logs = rows - np.log(np.exp(rows).sum(1, keepdims=True))
    return float(-np.mean(logs[np.arange(len(wanted)), wanted]))


def tried(side: Any, name: str, *edits: Edit) -> float:
    (result,) = loss_edits.try_loss(side, [list(edits)])
    assert result.error == ""
    return result.losses[name]


def test_what_is_compared_is_shifted_or_comes_in_another_order(side: Any, given: Arrays) -> None:
    x, labels = scores(side, given), given["labels"]
    assert "cross_entropy.0" in side.listed
    shifts = {1: entropy(x[:, :-1], labels[:, 1:]), -1: entropy(x[:, 1:], labels[:, :-1])}
    for step, expected in shifts.items():
        found = tried(side, "labels", Edit("cross_entropy.0", "shifted", value=[3, step]))
        assert found == pytest.approx(expected, rel=1e-5)
    found = tried(side, "labels", Edit("cross_entropy.0", "column by column", value=3, place=1))
    assert found == pytest.approx(entropy(x, labels.T), rel=1e-5)


def test_a_distance_is_bounded_and_relative(side: Any, given: Arrays) -> None:
    x, wanted = scores(side, given), given["wanted"].astype(np.float64)
    clamped = tried(side, "distance", Edit("sub.0", "before", function="clamp", value=[0.0, 1.0]))
    assert clamped == pytest.approx(np.abs(np.clip(x, 0, 1) - wanted).mean(), rel=1e-5)
    target = side.listed["sub.0"].given[1].name
    relative = tried(side, "distance", Edit("abs.0", "combined", name=target, function="div"))
    assert relative == pytest.approx((np.abs(x - wanted) / wanted).mean(), rel=1e-5)


def test_a_loss_of_each_sample_is_the_mean_of_those_alone(side: Any, given: Arrays) -> None:
    x, wanted = scores(side, given), given["wanted"].astype(np.float64)
    each = [(ours * its).sum() / (its.sum() + 1) for ours, its in zip(x, wanted, strict=True)]
    assert tried(side, "ratio", Edit("div.0", "by sample")) == pytest.approx(1 - np.mean(each), rel=1e-5)
    (none,) = loss_edits.try_loss(side, [[Edit("cross_entropy.0", "by sample")]])
    assert "no number for each sample" in none.error


def test_a_number_is_rounded_before_it_is_cut_off(side: Any, given: Arrays) -> None:
    found = tried(side, "whole", Edit("long.0", "before", function="round"))
    assert found == pytest.approx(np.round(given["wanted"] * np.float32(10)).mean(), rel=1e-5)


def test_another_input_of_the_case_is_the_label(side: Any, given: Arrays) -> None:
    edit = Edit("cross_entropy.0", "taken", place=1, function="inputs.tokens")
    small = given["tokens"] < 5  # there are five classes
    (found,) = loss_edits.try_loss(side, [[edit]])
    if small.all():
        assert found.losses["labels"] == pytest.approx(entropy(scores(side, given), given["tokens"]))
    else:
        assert "out of bounds" in found.error
    clipped = Edit("cross_entropy.0", "taken", place=0, function="inputs.wanted")
    wanted = given["wanted"].astype(np.float64)
    assert tried(side, "labels", clipped) == pytest.approx(entropy(wanted, given["labels"]), rel=1e-5)


def test_a_loss_takes_scores_for_logarithms_of_shares(side: Any, given: Arrays) -> None:
    rows, wanted = scores(side, given).reshape(-1, 5), given["labels"].reshape(-1)
    found = tried(side, "labels", Edit("cross_entropy.0", "function", function="nll_loss"))
    assert found == pytest.approx(-np.mean(rows[np.arange(len(wanted)), wanted]), rel=1e-5)


def test_a_distance_is_smooth_at_zero(side: Any, given: Arrays) -> None:
    gap = np.abs(scores(side, given) - given["wanted"].astype(np.float64))
    found = tried(side, "distance", Edit("abs.0", "distance", function="smooth_l1", value=1.0))
    assert found == pytest.approx(np.where(gap < 1, gap**2 / 2, gap - 0.5).mean(), rel=1e-5)


def test_a_loss_of_each_line_is_the_mean_of_those_alone(side: Any, given: Arrays) -> None:
    x, labels = scores(side, given), given["labels"]
    found = tried(side, "labels", Edit("cross_entropy.0", "each line", value=3))
    assert found == pytest.approx(np.mean([entropy(*line) for line in zip(x, labels, strict=True)]), rel=1e-5)


def test_a_root_is_taken_behind_a_mean(side: Any, given: Arrays) -> None:
    gap = scores(side, given) - given["wanted"].astype(np.float64)
    edits = [Edit("abs.0", "function", function="square"), Edit("mean.0", "after", function="sqrt")]
    assert tried(side, "distance", *edits) == pytest.approx(np.sqrt((gap**2).mean()), rel=1e-5)


def test_a_column_of_the_last_axis_is_another_one(side: Any, given: Arrays) -> None:
    x, wanted = scores(side, given), given["wanted"].astype(np.float64)
    found = tried(side, "distance", Edit("mean.0", "columns", value=[0, 0, 2]))
    assert found == pytest.approx(np.abs(x - wanted)[..., [0, 0, 2]].mean(), rel=1e-5)


def test_a_function_that_no_tensor_has_is_one_of_layers(side: Any, given: Arrays) -> None:
    gap = np.abs(scores(side, given) - given["wanted"].astype(np.float64))
    found = tried(side, "distance", Edit("mean.0", "before", function="softplus"))
    assert found == pytest.approx(np.log1p(np.exp(gap)).mean(), rel=1e-5)
    (none,) = loss_edits.try_loss(side, [[Edit("mean.0", "before", function="no_such")]])
    assert "no operation no_such" in none.error


def test_labels_are_the_next_ones_or_counted_where_they_are_left_out(side: Any, given: Arrays) -> None:
    x, labels = scores(side, given), given["labels"]
    found = tried(side, "labels", Edit("cross_entropy.0", "labels", value=[1, 5], place=1))
    assert found == pytest.approx(entropy(x, (labels + 1) % 5), rel=1e-5)
    found = tried(side, "labels", Edit("cross_entropy.0", "over all", value=12))
    assert found == pytest.approx(entropy(x, labels), rel=1e-5)  # none is left out
