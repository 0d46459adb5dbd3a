"""What calls are given, and which modules hand a result on, as records tell it."""

from __future__ import annotations

from harness.flows.taken_by_calls import given_by_call, handed_on
from harness.trace import Record


def test_inputs_are_gathered_by_call_in_their_order() -> None:
    recorded = [
        "layer:conv#0:in.0",
        "layer:(model)/cat.0#0:in.0",
        "layer:(model)/cat.0#0:in.1",
        "layer:conv#0:out",
        "layer:conv#1:in.0",
        "param:conv.weight",
    ]
    assert given_by_call(recorded) == {
        ("conv", 0): ["layer:conv#0:in.0"],
        ("(model)/cat.0", 0): ["layer:(model)/cat.0#0:in.0", "layer:(model)/cat.0#0:in.1"],
        ("conv", 1): ["layer:conv#1:in.0"],
    }


def test_of_the_modules_that_hand_a_result_on_the_outermost_comes_first() -> None:
    """A module's result is recorded after that of the module in it; an input hands nothing on."""
    held = "layer:block.0.conv#0:out"
    aliases = {held: None, "layer:act#0:in.0": held, "layer:block.0#0:out": held, "layer:block#0:out": held}
    records = {name: Record(name, (2,), "float32", "", alias) for name, alias in aliases.items()}
    assert handed_on(records) == {held: ["layer:block#0:out", "layer:block.0#0:out"]}
