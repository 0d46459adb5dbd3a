"""What the port alone does to the right tensor on its way, or in the place of something else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.diagnose.others import NOUNS
from harness.flows.extra_calls import told
from harness.trace import Trace, TraceWriter

Array = NDArray[Any]
RNG = np.random.default_rng(23)
IMAGE, FIRST, OTHER = (RNG.standard_normal((2, 3, 8, 8)).astype(np.float32) for _ in range(3))
TAKEN = "layer:conv#0:in.0"
NONE = Cause(False, "none of 9 hypotheses reproduces the port's tensor")
Content = Mapping[str, "Array | str"]


def trace(path: Path, content: Content, arguments: Mapping[str, Mapping[str, Any]] | None = None) -> Trace:
    """A trace of tensors, or of the addresses whose tensors these are."""
    with TraceWriter(path, {}) as writer:
        for address, tensor in content.items():
            if isinstance(tensor, str):
                writer.alias(address, tensor)
            else:
                writer.add(address, tensor)
        notes = {name: {"type": "", "attributes": dict(told)} for name, told in (arguments or {}).items()}
        writer.note("layers", notes)
    return Trace.open(path)


def cause_of(
    folder: Path,
    reference: Content,
    port: Content,
    cause: Cause = NONE,
    arguments: Mapping[str, Mapping[str, Any]] | None = None,
) -> Cause:
    with trace(folder / "r.h5", reference) as ours, trace(folder / "p.h5", port, arguments) as its:
        (found,) = told([Source(TAKEN, "forward", ["conv"], "")], [cause], ours, its)
    return found


BEGIN: dict[str, Array | str] = {
    "input:image": IMAGE,
    "layer:relu#0:in.0": "input:image",
    "layer:relu#0:out": FIRST,
}
RIGHT = {**BEGIN, TAKEN: "layer:relu#0:out"}


def after(*calls: str, of: str = "layer:relu#0:out") -> dict[str, Array | str]:
    """What the port runs one after the other, and what the convolution is given."""
    found, made = dict(BEGIN), of
    for call in calls:
        found[f"layer:{call}#0:in.0"] = made
        made = f"layer:{call}#0:out"
        found[made] = RNG.standard_normal((2, 3, 4, 4)).astype(np.float32)
    return {**found, TAKEN: made}


def test_an_operation_that_the_port_alone_runs_on_the_right_tensor_is_told(tmp_path: Path) -> None:
    arguments = {"(model)/avg_pool2d.0": {"kernel_size": 2}}
    found = cause_of(tmp_path, RIGHT, after("(model)/avg_pool2d.0"), arguments=arguments)
    assert found.found
    assert found.sentence == (
        "what the port's conv is given is what (model)/avg_pool2d.0 (an average pooling, kernel_size=2) of "
        "the port makes of the reference's layer:relu#0:out, which the reference does not do to it."
    )
    assert found.culprits == ("conv", "(model)/avg_pool2d.0")


def test_a_layer_that_the_reference_never_calls_and_several_calls_are_told(tmp_path: Path) -> None:
    assert (
        "what last of the port makes of the reference's layer:relu"
        in cause_of(tmp_path, RIGHT, after("last")).sentence
    )
    sentence = cause_of(tmp_path, RIGHT, after("(model)/sub.0", "(model)/exp.0")).sentence
    assert "what (model)/sub.0 (a difference) and then (model)/exp.0 (exp) of the port makes of" in sentence


def test_to_a_cause_that_is_found_it_is_added(tmp_path: Path) -> None:
    known = Cause(True, "it is half of it.", "half", taken="layer:relu#0:out")
    found = cause_of(tmp_path, RIGHT, after("(model)/mul.0"), known)
    assert found.sentence.startswith(
        "it is half of it. It is what (model)/mul.0 (a product) of the port makes of"
    )
    assert (found.hypothesis, found.taken, found.culprits) == ("half", "layer:relu#0:out", ())


def test_what_both_sides_run_as_often_is_nothing_more(tmp_path: Path) -> None:
    beside = {"layer:(model)/exp.0#0:in.0": "input:image", "layer:(model)/exp.0#0:out": OTHER}
    found = cause_of(tmp_path, {**RIGHT, **beside}, after("(model)/exp.0"))
    assert found == NONE


def test_what_does_not_take_the_right_tensor_is_nothing_more(tmp_path: Path) -> None:
    assert cause_of(tmp_path, RIGHT, after("(model)/exp.0", of="input:image")) == NONE


def test_where_numbers_move_on_the_values_tell_which_tensor_it_is(tmp_path: Path) -> None:
    summed = {"layer:(model)/add.0#0:in.0": "input:image", "layer:(model)/add.0#0:out": FIRST}
    right = {"input:image": IMAGE, **summed, TAKEN: "layer:(model)/add.0#0:out"}

    def port(first: Array) -> dict[str, Array | str]:
        return {
            "input:image": IMAGE,
            **summed,
            "layer:(model)/add.0#0:out": first,
            "layer:(model)/add.1#0:in.0": "layer:(model)/add.0#0:out",
            "layer:(model)/add.1#0:out": OTHER,
            TAKEN: "layer:(model)/add.1#0:out",
        }

    assert (
        "what (model)/add.1 (a sum) of the port makes of"
        in cause_of(tmp_path, right, port(FIRST * np.float32(1 + 1e-6))).sentence
    )
    assert cause_of(tmp_path, right, port(OTHER * 2)) == NONE


@pytest.mark.parametrize(("other", "is_told"), [("sigmoid", True), ("clamp", False)])
def test_another_operation_in_the_place_of_the_references_is_told(
    tmp_path: Path, other: str, is_told: bool
) -> None:
    def side(kind: str, made: Array) -> dict[str, Array | str]:
        path = f"(model)/{kind}.0"
        begin: dict[str, Array | str] = {"input:image": IMAGE, f"layer:{path}#0:in.0": "input:image"}
        return {**begin, f"layer:{path}#0:out": made, TAKEN: f"layer:{path}#0:out"}

    found = cause_of(tmp_path, side("relu", FIRST), side(other, OTHER))
    made = f"what (model)/{other}.0 ({NOUNS.get(other, other)}) of the port makes of input:image"
    words = f"{made}, in the place of (model)/relu.0 (relu)"
    assert (words in found.sentence) is is_told
    assert found.found is is_told


def test_a_view_behind_the_call_hides_nothing(tmp_path: Path) -> None:
    port = after("(model)/exp.0")
    made = np.asarray(port["layer:(model)/exp.0#0:out"])
    port[TAKEN] = np.ascontiguousarray(made.transpose(0, 2, 3, 1))
    right = {**BEGIN, TAKEN: np.ascontiguousarray(FIRST.transpose(0, 2, 3, 1))}
    port["layer:relu#0:out"] = FIRST * np.float32(1 + 1e-6)
    assert (
        "what (model)/exp.0 (exp) of the port makes of the right tensor"
        in cause_of(tmp_path, right, port).sentence
    )
    port["layer:relu#0:out"] = OTHER
    assert cause_of(tmp_path, right, port) == NONE


@pytest.mark.parametrize("beside", ["right", "wrong"])
def test_what_the_port_adds_before_the_same_function_is_told(tmp_path: Path, beside: str) -> None:
    """The reference resizes a map; the port adds another one, resized, before: numbers of calls move on."""
    smaller = RNG.standard_normal((2, 3, 4, 4)).astype(np.float32)
    half = "layer:half#0:out"
    reference: dict[str, Array | str] = {
        "layer:half#0:out": FIRST,
        "layer:(model)/interpolate.0#0:in.0": half,
        "layer:(model)/interpolate.0#0:out": OTHER,
        TAKEN: "layer:(model)/interpolate.0#0:out",
    }
    port: dict[str, Array | str] = {
        "layer:half#0:out": FIRST if beside == "right" else FIRST + 1,
        "layer:small#0:out": smaller,
        "layer:(model)/interpolate.0#0:in.0": "layer:small#0:out",
        "layer:(model)/interpolate.0#0:out": IMAGE,
        "layer:(model)/add.0#0:in.0": half,
        "layer:(model)/add.0#0:in.1": "layer:(model)/interpolate.0#0:out",
        "layer:(model)/add.0#0:out": FIRST + IMAGE,
        "layer:(model)/interpolate.1#0:in.0": "layer:(model)/add.0#0:out",
        "layer:(model)/interpolate.1#0:out": OTHER + 2,
        TAKEN: "layer:(model)/interpolate.1#0:out",
    }
    if beside == "wrong":
        del port["layer:half#0:out"]
        port = {"layer:other#0:out": FIRST + 1, **port, "layer:(model)/add.0#0:in.0": "layer:other#0:out"}
    found = cause_of(tmp_path, reference, port)
    assert found.found == (beside == "right")
    if found.found:
        assert found.sentence == (
            "what the port's conv is given is what (model)/interpolate.0 (a resizing) makes of what "
            "(model)/add.0 (a sum, with layer:(model)/interpolate.0#0:out) of the port makes of the "
            "reference's layer:half#0:out, which the reference does not do to it."
        )
        assert found.culprits == ("conv", "(model)/add.0")
