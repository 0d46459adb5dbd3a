"""A comparison of a loss is listed with its place in the code, and made to hold everywhere or nowhere."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from harness.answers import LossListed
from harness.requests import Edit
from harness.sides.loss_edits import KeptCase, list_loss, try_loss
from harness.sides.torch_side import TorchSide
from tests.unit.sides.test_float64_truth import recorded


def far_away(values: Tensor) -> Tensor:
    return values.abs() > 0.25


def losses(outputs: Tensor, inputs: Any) -> dict[str, Tensor]:
    values = outputs.double()
    return {"total": (values * far_away(values)).sum(), "mean": values.mean()}


@pytest.fixture
def side(tmp_path: Path) -> tuple[TorchSide, str]:
    found, inputs = recorded(tmp_path)
    found.model.losses = losses  # type: ignore[assignment]
    return found, inputs


def test_a_comparison_is_an_operation_of_a_loss_and_tells_where_it_stands(
    side: tuple[TorchSide, str],
) -> None:
    (found,) = [one for one in list_loss(*side, "eval").operations if one.type == "gt"]
    line = inspect.getsourcelines(far_away)[1] + 1
    assert found.where == f"far_away (test_loss_edits.py, line {line})"
    assert found.arguments == {"1": 0.25}


def test_it_holds_everywhere_or_nowhere(side: tuple[TorchSide, str]) -> None:
    list_loss(*side, "eval")
    as_it_is, everywhere, nowhere = try_loss(
        side[0], [[], [Edit("gt.0", "holds", value=True)], [Edit("gt.0", "holds", value=False)]]
    )
    kept = side[0].kept
    assert isinstance(kept, KeptCase)
    whole = kept.outputs.double().numpy()
    assert as_it_is.losses["total"] == pytest.approx(float(whole[np.abs(whole) > 0.25].sum()))
    assert everywhere.losses["total"] == pytest.approx(float(whole.sum()))
    assert nowhere.losses["total"] == 0


def losses_of_columns(outputs: Tensor, inputs: Any) -> dict[str, Tensor]:
    return {"total": (outputs[..., 1] * outputs.abs().sum()).mean()}


def losses_in_place(outputs: Tensor, inputs: Any) -> dict[str, Tensor]:
    values = outputs.abs()
    values += 1.0
    return {"total": values.square().mean()}


def test_an_index_is_an_operation_of_a_loss_and_is_another_one(side: tuple[TorchSide, str]) -> None:
    side[0].model.losses = losses_of_columns  # type: ignore[assignment]
    (found,) = [one for one in list_loss(*side, "eval").operations if one.type == "getitem"]
    assert found.arguments == {"index": ["...", 1]}
    (tried,) = try_loss(side[0], [[Edit("getitem.0", "index", place=1, value=0)]])
    assert isinstance(side[0].kept, KeptCase)
    whole = side[0].kept.outputs.double().numpy()
    assert tried.losses["total"] == pytest.approx((whole[..., 0] * np.abs(whole).sum()).mean(), rel=1e-5)


def test_what_ran_before_an_edit_is_kept_unless_it_is_changed_in_place(side: tuple[TorchSide, str]) -> None:
    list_loss(*side, "eval")
    kept = side[0].kept
    assert isinstance(kept, KeptCase)
    assert "gt.0" in kept.results
    edits = [[Edit("mul.0", "times", value=3.0)], [Edit("mean.0", "times", value=0.5)]]
    fast = try_loss(side[0], edits)
    kept.results.clear()
    assert try_loss(side[0], edits) == fast
    side[0].model.losses = losses_in_place  # type: ignore[assignment]
    list_loss(*side, "eval")
    assert isinstance(side[0].kept, KeptCase)
    assert side[0].kept.results == {}
    once, again = try_loss(side[0], [[], []])
    assert once == again


def test_the_inputs_of_the_case_and_the_results_of_the_model_are_told(side: tuple[TorchSide, str]) -> None:
    names = [tensor.name for tensor in list_loss(*side, "eval").given]
    assert "outputs" in names
    assert any(name.startswith("inputs.") for name in names)


def code_edit(found: LossListed, name: str, old: str, new: str) -> Edit:
    """The edit that puts another part into the text of a function."""
    own = next(one for one in found.code if one.name == name)
    start = own.text.index(old)
    values = [one for one in own.values if one.start <= start + len(old) and start <= one.end]
    place = min(one.before for one in values)
    return Edit(own.key, "code", value=[[start, start + len(old), new]], place=place)


def test_another_text_stands_in_a_function_of_the_loss_while_it_is_tried(
    side: tuple[TorchSide, str], tmp_path: Path
) -> None:
    found = list_loss(*side, "eval")
    assert [one.name for one in found.code] == ["losses", "far_away"]
    edits = [code_edit(found, "far_away", "> 0.25", "<= 0.25")]
    turned, as_it_is = try_loss(side[0], [edits, []])
    kept = side[0].kept
    assert isinstance(kept, KeptCase)
    whole = kept.outputs.double().numpy()
    assert turned.losses["total"] == pytest.approx(float(whole[np.abs(whole) <= 0.25].sum()))
    assert as_it_is.losses["total"] == pytest.approx(float(whole[np.abs(whole) > 0.25].sum()))
    last = code_edit(found, "losses", "values.mean()", "values.sum()")
    assert last.place > 0  # what runs before is not run again
    (tried,) = try_loss(side[0], [[last]])
    assert tried.losses["mean"] == pytest.approx(float(whole.sum()))
    (failed,) = try_loss(side[0], [[code_edit(found, "losses", "values.mean()", "values.(")]])
    assert failed.error.startswith("SyntaxError")


def losses_of_parts(outputs: Tensor, inputs: Any) -> dict[str, Tensor]:
    first = outputs.abs()
    second = first.square()
    return {"total": (second + outputs).mean()}


@pytest.mark.parametrize(
    ("old", "new"), [("second + outputs", "outputs.mul_(2)"), ("second + outputs", "first.mul_(2)")]
)
def test_what_a_trial_changes_in_place_is_made_again(side: tuple[TorchSide, str], old: str, new: str) -> None:
    side[0].model.losses = losses_of_parts  # type: ignore[assignment]
    found = list_loss(*side, "eval")
    edit = [code_edit(found, "losses_of_parts", old, new)]
    before, spoils, after, again = try_loss(side[0], [[], edit, [], edit])
    assert spoils.losses["total"] != pytest.approx(before.losses["total"])
    assert after == before
    assert again == spoils
