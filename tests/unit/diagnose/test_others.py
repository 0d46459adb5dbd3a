"""A single number is another recorded one where all its digits are the same."""

from __future__ import annotations

import numpy as np
import pytest

from harness.diagnose import DifferingLayer, ReferenceTensor, explain_given

FIRST, SECOND, LAST = (np.float32(value).reshape(()) for value in (0.7316247, 0.5118934, 0.2290458))


def told(port: float, first: float) -> str:
    recorded = tuple(
        ReferenceTensor(f"layer:criterion#{call}:out", (), lambda value=value: np.float32(value).reshape(()))
        for call, value in enumerate((first, SECOND))
    )
    given = np.float32(port).reshape(())
    evidence = DifferingLayer("div", LAST, given, floor=1e-5, recorded=recorded, operation=True)
    return explain_given(evidence, {}).sentence


def test_the_value_of_the_first_call_is_told_by_its_digits() -> None:
    assert "is the reference's layer:criterion#0:out" in told(float(FIRST), float(FIRST))


@pytest.mark.parametrize("plain", [0.0, 1.0, 0.5, 0.25, 3.0, 128.0])
def test_a_plain_number_is_none_of_them(plain: float) -> None:
    assert "criterion" not in told(plain, plain)


def test_a_number_that_is_near_is_none_of_them() -> None:
    assert "criterion" not in told(float(FIRST) * (1 + 4e-6), float(FIRST))
