"""A comparison of a loss is listed with its place in the code, and made to hold everywhere or nowhere."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

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
    (found,) = [one for one in list_loss(*side, "eval") if one.type == "gt"]
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
