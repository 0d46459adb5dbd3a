"""A tensor of another shape is explained by the sizes that its maker is told to make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import Cause, DifferingLayer, Trial, explain_forward

Array = NDArray[Any]
GIVEN = np.random.default_rng(6).standard_normal((1, 3, 2, 3)).astype(np.float32)


def enlarged(size: Sequence[int]) -> Array:
    """The nearest element of each place."""
    rows, columns = (np.arange(n) * old // n for n, old in zip(size, GIVEN.shape[2:], strict=True))
    return GIVEN[:, :, rows][..., columns]


def explained(port: Array, **attributes: Any) -> Cause:
    def replay(trials: Sequence[Trial]) -> list[Array | None]:
        return [
            enlarged(trial.changes["size"]) if set(trial.changes) == {"size"} else None for trial in trials
        ]

    evidence = DifferingLayer(
        "interpolate",
        reference=enlarged((8, 6)),
        port=port,
        inputs=(GIVEN,),
        attributes=attributes,
        operation=True,
        floor=1e-4,
    )
    return explain_forward(evidence, replay)


@pytest.mark.parametrize("now", [[8, 6], (8, 6)])
def test_sizes_that_are_exchanged_are_named(now: Any) -> None:
    found = explained(enlarged((6, 8)), size=now)
    assert "computed with size=[6, 8], not [8, 6] (its sizes are exchanged)" in found.sentence
    assert found.attribute == "size"


def test_other_sizes_are_told_without_an_exchange() -> None:
    assert (
        "computed with size=[9, 6], not [8, 6], of shape" in explained(enlarged((9, 6)), size=[8, 6]).sentence
    )


def test_other_values_of_other_sizes_are_not_explained_by_them() -> None:
    assert not explained(enlarged((6, 8)) + 1, size=[8, 6]).found
    assert "size=" not in explained(enlarged((6, 8)), size=[1, 1]).hypothesis  # it makes no such sizes
