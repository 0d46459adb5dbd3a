"""What comes of a layer that is given a tensor of another shape did not run alone, and makes no error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from harness.alignment_rows import Isolated, Obstacle, Row
from harness.comparing._isolated import _unknown
from harness.comparing._own_shapes import keep_makers, take_back_behind_wrong_shapes
from harness.verdict import Verdict

TakenBack = Callable[[Sequence[Row], Mapping[str, str]], None]
WRONG = Verdict("diverged", "pairing", "")
RESIZE, LOGITS = "layer:(model)/interpolate.0#0", "layer:(model)#0:out.logits"
NAMES = (
    "layer:stem#0:out",
    f"{RESIZE}:in.0",
    f"{RESIZE}:out",
    "layer:dec#0:in.0",
    "layer:dec.pool#0:in.0",
    "layer:dec.pool#0:out",
    "layer:dec.mix#0:in.0",
    "layer:dec.mix#0:out",
    "layer:dec.head#0:out",
    "layer:dec.head#0:grad",
    LOGITS,
    "layer:side#0:out",
    "layer:side#0:grad",
)
CARRIED = {
    "layer:dec.mix#0:in.0": "layer:dec.pool#0:out",
    f"{RESIZE}:in.0": "layer:dec.head#0:out",
    LOGITS: f"{RESIZE}:out",
}


def left(
    wrong: Mapping[str, str], carried: Mapping[str, str] = CARRIED, taken_back: TakenBack = keep_makers
) -> list[str]:
    """What is still judged alone; `wrong` says "shape" or "values" of some."""
    rows = []
    for order, address in enumerate(NAMES):
        row = Row(address, "Conv2d", (4, 4), "float32", order, None, WRONG)
        row.obstacle = Obstacle("shape", "diverged") if wrong.get(address) == "shape" else None
        if address in wrong:
            row.isolated = Isolated(_unknown(row), WRONG)
        rows.append(row)
    taken_back(rows, carried)
    return [row.address for row in rows if row.isolated is not None]


DECODED_SMALL = {
    f"{RESIZE}:in.0": "shape",
    "layer:dec#0:in.0": "shape",
    "layer:dec.pool#0:out": "shape",
    "layer:dec.mix#0:out": "shape",
    "layer:dec.head#0:out": "values",
    "layer:dec.head#0:grad": "values",
    LOGITS: "values",
}


@pytest.mark.parametrize("taken_back", [keep_makers, take_back_behind_wrong_shapes])
def test_a_map_that_is_decoded_before_it_is_enlarged_is_one_place(taken_back: TakenBack) -> None:
    assert left(DECODED_SMALL, CARRIED, taken_back) == ["layer:dec#0:in.0"]


def test_an_error_that_does_not_come_of_it_stays() -> None:
    assert left({**DECODED_SMALL, "layer:side#0:out": "values"}) == ["layer:dec#0:in.0", "layer:side#0:out"]


def test_a_layer_that_makes_another_shape_of_what_is_right_is_still_the_place() -> None:
    """Nothing is given a tensor of another shape from outside: the one that makes it is at fault."""
    wrong = {
        "layer:dec.pool#0:out": "shape",
        "layer:dec.mix#0:in.0": "values",
        "layer:dec.mix#0:out": "values",
    }
    assert left(wrong, {"layer:dec.mix#0:in.0": "layer:dec.pool#0:out"}) == ["layer:dec.pool#0:out"]
