"""Whose result each call of the port takes, by what it is given where its layers ran alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from harness.flows.forced_flow import Array, ForcedFlow
from harness.trace import Record, Trace, TraceWriter
from tests.unit.flows.forced import flow_of, nothing


def recorded(*rows: tuple[str, str | None]) -> dict[str, Record]:
    return {name: Record(name, (2, 3), "float32", "", alias) for name, alias in rows}


CHAIN = recorded(
    ("input:x", None),
    ("layer:norm#0:in.0", "input:x"),
    ("layer:norm#0:out", None),
    ("layer:act#0:in.0", "layer:norm#0:out"),
    ("layer:act#0:out", None),
    ("layer:head#0:in.0", "layer:act#0:out"),
    ("layer:head#0:out", None),
)
EXCHANGED = {
    "layer:act#0:in.0": "layer:norm#0:in.0",
    "layer:norm#0:in.0": "layer:act#0:out",
    "layer:head#0:in.0": "layer:norm#0:out",
}


def test_two_layers_that_each_take_what_the_other_order_gives_them_are_in_it(tmp_path: Path) -> None:
    flow = flow_of(tmp_path, CHAIN, EXCHANGED)
    assert flow.shows_order("norm", "act", [("act", 0)])
    assert not flow.shows_order("act", "head", [("head", 0)])


@pytest.mark.parametrize("missing", ["layer:act#0:in.0", "layer:norm#0:in.0"])
def test_one_of_both_alone_shows_no_order(missing: str, tmp_path: Path) -> None:
    """A layer that is passed by, and one that is called on what comes of a later one that is not moved."""
    given = {name: taken for name, taken in EXCHANGED.items() if name != missing}
    assert not flow_of(tmp_path, CHAIN, given).shows_order("norm", "act", [("act", 0)])


def test_a_layer_that_is_called_on_the_result_of_a_later_one_for_nothing_is_in_no_other_order(
    tmp_path: Path,
) -> None:
    given = {name: taken for name, taken in EXCHANGED.items() if name != "layer:head#0:in.0"}
    assert not flow_of(tmp_path, CHAIN, given).shows_order("norm", "act", [("act", 0)])


def test_layers_between_may_take_what_the_first_one_should(tmp_path: Path) -> None:
    """A sum behind two layers of a decoder, not before them."""
    reference = recorded(
        ("layer:up#0:out", None),
        ("layer:(model)/add.0#0:in.0", "layer:up#0:out"),
        ("layer:(model)/add.0#0:out", None),
        ("layer:one#0:in.0", "layer:(model)/add.0#0:out"),
        ("layer:one#0:out", None),
        ("layer:two#0:in.0", "layer:one#0:out"),
        ("layer:two#0:out", None),
    )
    given = {"layer:one#0:in.0": "layer:up#0:out", "layer:(model)/add.0#0:in.0": "layer:two#0:out"}
    flow = flow_of(tmp_path, reference, given)
    assert flow.shows_order("(model)/add.0", "two", {("one", 0), ("two", 0)})
    assert not flow.shows_order("(model)/add.0", "two", {("two", 0)})


def test_a_result_of_another_shape_goes_on_as_the_port_made_it(tmp_path: Path) -> None:
    """A map that is decoded before it is enlarged: nothing of the reference has the shape of what comes."""
    small, large, own = (np.random.default_rng(n).standard_normal(n).astype(np.float32) for n in (2, 8, 3))
    with TraceWriter(tmp_path / "reference.h5", {}) as writer:
        for name, array in (
            ("layer:resize#0:in.0", small),
            ("layer:resize#0:out", large),
            ("layer:decode#0:out", large + 1),
        ):
            writer.add(name, array)
        writer.alias("layer:decode#0:in.0", "layer:resize#0:out")
    with TraceWriter(tmp_path / "alone.h5", {}) as writer:
        for name, array in (
            ("layer:decode#0:in.0", small),
            ("layer:decode#0:out", own),
            ("layer:resize#0:in.0", own),
        ):
            writer.add(name, array)
    with Trace.open(tmp_path / "reference.h5") as ours, Trace.open(tmp_path / "alone.h5") as its:
        assert ForcedFlow(ours, its, its, nothing).shows_order("resize", "decode", [("decode", 0)])


def test_a_last_one_that_makes_the_right_thing_of_it_shows_the_order_as_well(tmp_path: Path) -> None:
    """A product takes its two in any order, so what the port gives it is not compared."""
    reference = recorded(
        ("layer:gelu#0:in.0", None),
        ("layer:gelu#0:out", None),
        ("layer:mul#0:in.0", "layer:gelu#0:out"),
        ("layer:mul#0:in.1", None),
        ("layer:mul#0:out", None),
        ("layer:elsewhere#0:out", None),
    )
    given = {"layer:gelu#0:in.0": "layer:mul#0:out", "layer:mul#0:out": "layer:elsewhere#0:out"}
    asked = []

    def call_with(path: str, call: int, others: Mapping[str, Array]) -> dict[str, Array]:
        asked.append((path, call, list(others)))
        made = "elsewhere" if np.array_equal(others["0"], array("gelu#0:in.0")) else "gelu"
        return {"0": array(f"{made}#0:out")}

    def array(name: str) -> Array:
        found = flow.reference.array(f"layer:{name}")
        assert found is not None
        return found

    flow = flow_of(tmp_path, reference, given, call_with)
    assert flow.shows_order("gelu", "mul", [("mul", 0)])
    assert asked == [("mul", 0, ["0"])]
    flow = flow_of(tmp_path, reference, {**given, "layer:mul#0:out": "layer:mul#0:in.1"}, call_with)
    assert not flow.shows_order("gelu", "mul", [("mul", 0)])


TWICE = recorded(
    ("layer:one#0:out", None),
    ("layer:act#0:in.0", "layer:one#0:out"),
    ("layer:act#0:out", None),
    ("layer:two#0:out", None),
    ("layer:act#1:in.0", "layer:two#0:out"),
    ("layer:act#1:out", None),
)


def test_a_call_is_another_one_if_it_returns_what_that_does(tmp_path: Path) -> None:
    given = {"layer:act#0:in.0": "layer:two#0:out", "layer:act#0:out": "layer:act#1:out"}
    flow = flow_of(tmp_path, TWICE, given)
    assert flow.returns_as("act", 0, 1)
    assert not flow.returns_as("act", 1, 0)  # nothing is known of it
    assert not flow.is_given_right("act", 0)
    assert flow.is_given_right("act", 1)


def test_a_call_that_returns_something_else_is_no_other_one(tmp_path: Path) -> None:
    given = {"layer:act#0:in.0": "layer:two#0:out", "layer:act#0:out": "layer:one#0:out"}
    assert not flow_of(tmp_path, TWICE, given).returns_as("act", 0, 1)


def test_tensors_of_one_value_show_nothing(tmp_path: Path) -> None:
    """What is zero everywhere may come of anything: no order and no call is read off it."""
    zeros = np.zeros((2, 3), np.float32)
    for name, own in (("ours", zeros), ("its", zeros)):
        with TraceWriter(tmp_path / f"{name}.h5", {}) as writer:
            for address in (
                "norm#0:in.0",
                "norm#0:out",
                "act#0:out",
                "act#0:in.0",
                "head#0:in.0",
                "act#1:out",
            ):
                writer.add(f"layer:{address}", own)
    with Trace.open(tmp_path / "ours.h5") as ours, Trace.open(tmp_path / "its.h5") as its:
        flow = ForcedFlow(ours, its, its, lambda path, call, given: {"0": zeros})
        assert not flow.shows_order("norm", "act", [("act", 0)])
        assert not flow.takes_result("layer:act#0:out", "layer:norm#0:out")
        assert not flow.returns_as("act", 0, 1)


def test_what_takes_another_result_is_seen(tmp_path: Path) -> None:
    flow = flow_of(tmp_path, CHAIN, {"layer:head#0:in.0": "layer:norm#0:out"})
    assert flow.takes_result("layer:act#0:out", "layer:norm#0:out")
    assert not flow.takes_result("layer:norm#0:out", "layer:act#0:out")
