"""Where a tensor of another shape comes up first is the place; what comes of it is none of its own."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.alignment_rows import Isolated, Obstacle, Row
from harness.comparing._isolated import _unknown
from harness.comparing._shape_roots import keep_first
from harness.verdict import Verdict

WRONG = Verdict("diverged", "pairing", "")
ROOT, SOFT, LAST = (f"layer:attn/{name}.0#0" for name in ("matmul", "softmax", "linear"))
CARRIED = {f"{SOFT}:in.0": f"{ROOT}:out", f"{LAST}:in.0": f"{SOFT}:out"}


def rows(wrong: Mapping[str, str], **found: str) -> list[Row]:
    """The rows of an attention and of a projection after it; `wrong` says "shape" or "values" of some."""
    made = []
    names = [f"{place}:{role}" for place in (ROOT, SOFT, LAST) for role in ("in.0", "out")]
    names += ["layer:attn.project#0:in.0", "layer:attn.project#0:out", "layer:attn#0:out", "layer:head#0:out"]
    for order, address in enumerate(names):
        obstacle = Obstacle("shape", "diverged") if wrong.get(address) == "shape" else None
        row = Row(address, address.partition("/")[2].partition(".")[0], (4, 4), "float32", order, None, WRONG)
        row.obstacle, row.found = obstacle, "reference" if address in found.values() else "both"
        if address in wrong:
            row.isolated = Isolated(_unknown(row), WRONG)
        made.append(row)
    return made


def left(made: list[Row]) -> list[str]:
    return [row.address for row in made if row.isolated is not None]


ALL = {
    f"{ROOT}:out": "shape",
    f"{SOFT}:out": "shape",
    "layer:attn.project#0:in.0": "values",
    "layer:attn.project#0:out": "values",
}


def test_the_first_operation_is_kept_and_what_comes_of_it_is_not() -> None:
    made = rows(ALL)
    assert keep_first(made, CARRIED)
    assert left(made) == [f"{ROOT}:out"]


def test_an_error_of_another_layer_stays_beside_it() -> None:
    made = rows({**ALL, "layer:head#0:out": "values"})
    assert keep_first(made, CARRIED)
    assert left(made) == [f"{ROOT}:out", "layer:head#0:out"]


@pytest.mark.parametrize("lacking", [f"{LAST}:out", f"{SOFT}:out"])
def test_where_a_side_runs_other_operations_their_order_tells_nothing(lacking: str) -> None:
    made = rows(ALL, lacking=lacking)
    assert not keep_first(made, CARRIED)
    assert len(left(made)) == len(ALL)


def test_shapes_alone_are_no_error() -> None:
    made = rows({name: what for name, what in ALL.items() if what == "shape"})
    assert not keep_first(made, CARRIED)


def test_a_size_that_follows_from_an_earlier_shape_is_no_error_of_its_own() -> None:
    wrong = {f"layer:(model)/interpolate.{place}#0:out": "shape" for place in (0, 1)}
    made = []
    for order, address in enumerate((*wrong, "layer:mix#0:out")):
        kind = "interpolate" if "interpolate" in address else "Conv2d"
        row = Row(address, kind, (4, 4), "float32", order, None, WRONG)
        row.obstacle = Obstacle("shape", "diverged") if address in wrong else None
        row.isolated = Isolated(_unknown(row), WRONG)
        made.append(row)
    first, second = wrong
    assert keep_first(made, {"layer:mix#0:in.0": first, "layer:mix#0:in.1": second})
    assert left(made) == [first]
