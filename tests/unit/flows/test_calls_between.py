"""What the reference does to a tensor that the port takes before all is done to it."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows.calls_between import told
from harness.trace import Record, Trace

ZEROS = np.zeros((2, 3), np.float32)
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


def recorded(way: Mapping[str, str | None], arrays: Mapping[str, Any] | None = None) -> Trace:
    """A trace of these tensors with the names that they have."""
    held = arrays or {}
    records = {
        name: Record(name, np.shape(held.get(name, ZEROS)), "float32", "", alias)
        for name, alias in way.items()
    }
    return cast(Trace, SimpleNamespace(records=records, array=lambda name: held.get(name, ZEROS)))


def said(cause: Cause, address: str = "layer:conv#0:in.0", way: Mapping[str, str | None] = WAY) -> str:
    (found,) = told([Source(address, "forward", [], "")], [cause], recorded(way))
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
        Cause(True, "what block and conv are given is exchanged.", taken="layer:first#0:out"),
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


MOVED: Mapping[str, str | None] = {
    "layer:first#0:out": None,
    "layer:grow#0:in.0": "layer:first#0:out",
    "layer:grow#0:out": None,
    "layer:mix#0:in.0": "layer:grow#0:out",
    "layer:mix#0:out": None,
    "layer:act#0:in.0": "layer:mix#0:out",
    "layer:act#0:out": None,
    "layer:last#0:in.0": "layer:act#0:out",
}


def both_said(first_takes: str, last_takes: str) -> list[str]:
    """What is told where `mix` and `last` are given other tensors."""
    sources = [Source(f"layer:{path}#0:in.0", "forward", [path], "") for path in ("mix", "last")]
    causes = [Cause(True, "it is given another one.", taken=name) for name in (first_takes, last_takes)]
    return [cause.sentence for cause in told(sources, causes, recorded(MOVED))]


@pytest.mark.parametrize("taken", ["layer:grow#0:in.0", "layer:first#0:out"])
def test_a_call_that_runs_behind_two_others_is_told_by_the_order(taken: str) -> None:
    words = "the order of grow and mix and act is exchanged: the port calls grow after mix and then act."
    assert both_said(taken, "layer:grow#0:out") == [words, words]


def test_a_call_whose_first_taker_is_given_something_else_is_not_moved() -> None:
    first, last = both_said("layer:act#0:out", "layer:grow#0:out")
    assert "the order" not in first + last
    assert last.endswith("by mix and then act: left out here.")


@pytest.mark.parametrize("cropped", [True, False])
def test_a_result_that_is_cut_out_of_another_one_is_found_by_its_elements(cropped: bool) -> None:
    """What the model returns is a slice of a sum; the port returns that slice of one operand."""
    drawn = np.random.default_rng(3).standard_normal((2, 6, 6)).astype(np.float32)
    whole, right = "layer:(model)/add.0#0:out", "layer:(model)#0:out"
    way = {
        "layer:last#0:out": None,
        "layer:(model)/add.0#0:in.0": "layer:last#0:out",
        whole: None,
        "layer:other#0:out": None,
        right: None,
    }
    part = drawn[:, :4, :5] if cropped else drawn[:, :4, :5] + 1
    arrays = {whole: drawn, right: part, "layer:other#0:out": drawn[::-1] * 2}
    (found,) = told(
        [Source(right, "forward", [], "")],
        [Cause(True, "a part of last's.", part_of="layer:last#0:out")],
        recorded(way, arrays),
    )
    assert found.sentence.endswith("by (model)/add.0 (a sum): left out here.") == cropped


@pytest.mark.parametrize("taken", ["layer:grow#0:in.0", "layer:first#0:out"])
@pytest.mark.parametrize("given", ["layer:act#0:out", "layer:mix#0:out"])
def test_a_call_that_runs_before_two_others_is_told_by_the_order(taken: str, given: str) -> None:
    """`act` runs first; only where `grow` is then given its result is nothing left out."""
    paths = ("act", "grow", "last")
    sources = [Source(f"layer:{path}#0:in.0", "forward", [path], "") for path in paths]
    names = (taken, given, "layer:mix#0:out")
    causes = [Cause(True, "it is given another one.", taken=name) for name in names]
    first, second, third = (cause.sentence for cause in told(sources, causes, recorded(MOVED)))
    if given == "layer:act#0:out":
        assert (
            first
            == second
            == (
                "the order of grow and mix and act is exchanged: the port calls act before grow and then mix."
            )
        )
    else:
        assert first.endswith("by grow and then mix: left out here.")
        assert third.endswith("by act: left out here.")
