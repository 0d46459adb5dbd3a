"""What every pair answers by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import BadInput
from tests.unit.sides.small import PAIR

THREE = replace(PAIR, forward=("image", "hint", "label"))


@pytest.mark.parametrize("present", [["image", "hint", "label"], ["image", "hint"], ["image"]])
def test_a_case_may_lack_the_last_inputs(present: list[str]) -> None:
    assert THREE.given([*present, "target"]) == present


def test_a_case_may_not_lack_another_input() -> None:
    with pytest.raises(BadInput, match="the case has no input 'hint', which small is called with"):
        THREE.given(["image", "label"])
