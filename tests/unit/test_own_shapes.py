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
    "layer:stem#0:in.0",
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
    "layer:dec#0:out",
    LOGITS,
    "layer:side#0:in.0",
    "layer:side#0:out",
    "layer:side#0:grad",
    "grad_input:x",
)
CARRIED = {
    "layer:dec.mix#0:in.0": "layer:dec.pool#0:out",
    f"{RESIZE}:in.0": "layer:dec.head#0:out",
    LOGITS: f"{RESIZE}:out",
}


def left(
    wrong: Mapping[str, str],
    carried: Mapping[str, str] = CARRIED,
    taken_back: TakenBack = take_back_behind_wrong_shapes,
    inputs: Mapping[str, list[str]] | None = None,
) -> list[str]:
    """What is still judged alone; `wrong` says "shape" or "values" of some."""
    rows = []
    for order, address in enumerate(NAMES):
        row = Row(address, "Conv2d", (4, 4), "float32", order, None, WRONG)
        row.inputs = (inputs or {}).get(address, [])
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


def test_what_nothing_recorded_makes_may_come_of_it_where_it_is_taken_later() -> None:
    """A layer that is given batch and time exchanged, and steps that take slices of what it returns."""
    wrong = {"layer:dec#0:in.0": "shape", "layer:dec#0:out": "shape", "layer:side#0:in.0": "values"}
    assert left(wrong, {}) == ["layer:dec#0:in.0"]
    known = {"layer:side#0:in.0": ["layer:stem#0:out"]}
    assert left(wrong, {}, inputs=known) == ["layer:dec#0:in.0", "layer:side#0:in.0"]
    assert left({**wrong, "layer:stem#0:in.0": "values"}, {}) == ["layer:stem#0:in.0", "layer:dec#0:in.0"]


def test_an_error_that_does_not_come_of_it_stays() -> None:
    assert left({**DECODED_SMALL, "layer:side#0:out": "values"}) == ["layer:dec#0:in.0", "layer:side#0:out"]


def test_a_layer_that_makes_another_shape_of_what_is_right_is_still_the_place() -> None:
    """Nothing is given a tensor of another shape from outside: the one that makes it is at fault."""
    wrong = {
        "layer:dec.pool#0:out": "shape",
        "layer:dec.mix#0:in.0": "values",
        "layer:dec.mix#0:out": "values",
    }
    carried = {"layer:dec.mix#0:in.0": "layer:dec.pool#0:out"}
    assert left(wrong, carried, keep_makers) == ["layer:dec.pool#0:out"]
    assert left(wrong, carried) == list(wrong)


def test_the_gradient_of_what_the_model_is_given_is_no_input_of_a_layer() -> None:
    wrong = {"layer:dec#0:in.0": "shape", "layer:dec#0:out": "shape", "grad_input:x": "values"}
    assert left(wrong, {}) == ["layer:dec#0:in.0", "grad_input:x"]
