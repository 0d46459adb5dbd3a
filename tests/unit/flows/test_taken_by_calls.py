"""What calls are given, which modules hand a result on, and what a tensor is cut out of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np

from harness.flows.taken_by_calls import given_by_call, handed_on, holding
from harness.trace import Record, Trace


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


def test_a_tensor_is_cut_out_of_what_holds_all_its_elements() -> None:
    drawn = np.random.default_rng(1).standard_normal((3, 4, 8)).astype(np.float32)
    arrays = {
        "a": drawn,
        "b": drawn + 1,
        "small": drawn[:1, :1],
        "part": drawn[1, :, 2:].T,
        "few": drawn[0, 0],
    }
    records = {name: Record(name, tensor.shape, "float32") for name, tensor in arrays.items()}
    trace = cast(Trace, SimpleNamespace(records=records, array=arrays.__getitem__))
    assert list(holding("part", trace, ["small", "b", "a"])) == ["a"]
    assert list(holding("few", trace, ["a"])) == []  # eight numbers may well be elsewhere
    assert list(holding("nothing", trace, ["a"])) == []
