"""What the reference does to a tensor that the port takes before all is done to it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows.calls_between import told
from harness.trace import Record

TAKEN = "what the port's conv is given is the reference's layer:first#0:out."
WAY: Mapping[str, str | None] = {
    "layer:first#0:out": None,
    "layer:(model)/pad.0#0:in.0": "layer:first#0:out",
    "layer:(model)/pad.0#0:out": None,
    "layer:block#0:in.0": "layer:(model)/pad.0#0:out",
    "layer:block.pool#0:in.0": "layer:(model)/pad.0#0:out",
    "layer:block.pool#0:out": None,
    "layer:block#0:out": "layer:block.pool#0:out",
    "layer:conv#0:in.0": "layer:block.pool#0:out",
    "layer:conv#0:out": None,
}


def said(cause: Cause, address: str = "layer:conv#0:in.0", way: Mapping[str, str | None] = WAY) -> str:
    records = {name: Record(name, (2, 3), "float32", "", alias) for name, alias in way.items()}
    (found,) = told([Source(address, "forward", [], "")], [cause], records)
    return found.sentence


def test_the_calls_between_are_told_in_their_order_and_by_whole_modules() -> None:
    assert said(Cause(True, TAKEN, taken="layer:first#0:out")) == (
        f"{TAKEN} The reference makes the right tensor of it by (model)/pad.0 (a padding) and then block: "
        "left out here."
    )


@pytest.mark.parametrize(
    "cause",
    [
        Cause(False, "none of 9 hypotheses reproduces the port's tensor."),
        Cause(True, TAKEN, taken="layer:conv#0:out"),  # it comes later
        Cause(True, TAKEN, taken="layer:another#0:out"),  # no tensor of the reference
        Cause(True, "it is what block is given: block is skipped.", taken="layer:(model)/pad.0#0:out"),
    ],
)
def test_nothing_is_added_where_no_way_leads_there_or_where_the_cause_says_it(cause: Cause) -> None:
    assert said(cause) == cause.sentence


def test_a_way_of_many_calls_is_no_cause() -> None:
    """Of five calls and more it cannot be said that they were forgotten: another branch is taken."""
    way: dict[str, str | None] = {"layer:first#0:out": None}
    before = "layer:first#0:out"
    for number in range(5):
        way[f"layer:act{number}#0:in.0"] = before
        before = f"layer:act{number}#0:out"
        way[before] = None
    way["layer:conv#0:in.0"] = before
    cause = Cause(True, TAKEN, taken="layer:first#0:out")
    assert said(cause, way=way) == TAKEN
    short = {name: alias for name, alias in way.items() if "act4" not in name} | {
        "layer:conv#0:in.0": "layer:act3#0:out"
    }
    assert said(cause, way=short).endswith("and then act3: left out here.")
