"""What both sides repeat along axes is traced back to the result that they repeat."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from harness.diagnose import DifferingLayer
from harness.flows import recorded
from harness.flows.reference_probe import ReferenceProbe
from harness.trace import Trace, TraceWriter

RNG = np.random.default_rng(17)
GIVEN = RNG.standard_normal((2, 6, 1, 1)).astype(np.float32)
MADE = (GIVEN / 2).astype(np.float32)
WIDE = np.ascontiguousarray(np.broadcast_to(MADE, (2, 6, 5, 4)))
ADDRESS = "layer:(model)/cat.0#0:in.0"


def traced(folder: Path, port: Any) -> list[recorded.Traced]:
    with TraceWriter(folder / "reference.h5", {}) as writer:
        writer.add("layer:(model)/div.0#0:in.0", GIVEN)
        writer.add("layer:(model)/div.0#0:out", MADE)
        writer.add(ADDRESS, WIDE)
    with Trace.open(folder / "reference.h5") as reference:
        probe = cast(ReferenceProbe, SimpleNamespace(reference=reference))
        evidence = DifferingLayer("cat", WIDE, port, floor=1e-5)
        return list(recorded.traced_back(probe, ADDRESS, evidence))


def test_a_repeated_tensor_is_that_of_one_place(tmp_path: Path) -> None:
    mean = np.broadcast_to(GIVEN.mean(0, keepdims=True), WIDE.shape)
    whole, narrow = traced(tmp_path, mean)
    assert (whole.direct, whole.maker) == (True, None)
    assert (narrow.direct, narrow.maker) == (False, "layer:(model)/div.0#0:out")
    assert narrow.layout == "repeated along axes 2 and 3"
    np.testing.assert_array_equal(narrow.evidence.reference, MADE)
    np.testing.assert_array_equal(narrow.evidence.port, mean[..., :1, :1])
    assert narrow.evidence.producer is not None
    assert list(narrow.evidence.producer.given) == ["layer:(model)/div.0#0:in.0"]


def test_what_the_port_does_not_repeat_is_left_as_it_is(tmp_path: Path) -> None:
    port = RNG.standard_normal(WIDE.shape).astype(np.float32)
    assert [one.direct for one in traced(tmp_path, port)] == [True]


def test_every_result_that_holds_it_is_looked_at_the_last_one_first(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "reference.h5", {}) as writer:
        writer.add("layer:(model)/div.0#0:out", MADE)
        writer.add("layer:(model)/add.0#0:out", MADE + 1)
        writer.add("layer:(model)/div.1#0:out", MADE[..., 0, 0])
        writer.add(ADDRESS, WIDE)
    port = np.ascontiguousarray(2 * WIDE)
    with Trace.open(tmp_path / "reference.h5") as reference:
        probe = cast(ReferenceProbe, SimpleNamespace(reference=reference))
        found = list(recorded.traced_back(probe, ADDRESS, DifferingLayer("cat", WIDE, port, floor=1.0)))
    makers = [one.maker for one in found if not one.direct]
    assert makers == ["layer:(model)/div.1#0:out", "layer:(model)/div.0#0:out"]
    assert {one.evidence.floor for one in found[1:]} == {float(np.sqrt(1 / 20))}  # of as many elements


def test_a_tensor_between_layers_is_told_by_the_result_that_it_holds(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "reference.h5", {}) as writer:
        writer.add("layer:(model)/div.0#0:out", MADE)
        writer.add(ADDRESS, WIDE)
        writer.add("layer:(model)/cat.0#0:in.1", np.ones_like(WIDE))
    with Trace.open(tmp_path / "reference.h5") as reference:
        said = [
            recorded.held_by(reference, name) for name in (ADDRESS, "layer:(model)/div.0#0:out", "layer:x")
        ]
        assert said == [" (which holds layer:(model)/div.0#0:out, repeated along axes 2 and 3)", "", ""]
        assert recorded.held_by(reference, "layer:(model)/cat.0#0:in.1") == ""


def test_the_terms_of_a_chain_of_sums_are_told_in_order(tmp_path: Path) -> None:
    made = [RNG.standard_normal((2, 3)).astype(np.float32) for _ in range(3)]
    with TraceWriter(tmp_path / "reference.h5", {}) as writer:
        for name, array in zip("abc", made, strict=True):
            writer.add(f"layer:{name}#0:out", array, "Linear")
        writer.alias("layer:(model)/add.0#0:in.0", "layer:a#0:out", "add")
        writer.alias("layer:(model)/add.0#0:in.1", "layer:b#0:out", "add")
        writer.add("layer:(model)/add.0#0:out", made[0] + made[1], "add")
        writer.alias("layer:(model)/add.1#0:in.0", "layer:(model)/add.0#0:out", "add")
        writer.alias("layer:(model)/add.1#0:in.1", "layer:c#0:out", "add")
        writer.add("layer:(model)/add.1#0:out", made[0] + made[1] + made[2], "add")
        writer.alias("layer:head#0:in.0", "layer:(model)/add.1#0:out", "Linear")
    with Trace.open(tmp_path / "reference.h5") as reference:
        probe = cast(ReferenceProbe, SimpleNamespace(reference=reference))
        right = np.array(reference.array("layer:head#0:in.0"))
        (whole,) = recorded.traced_back(probe, "layer:head#0:in.0", DifferingLayer("Linear", right, right))
    assert whole.evidence.producer is not None
    assert list(whole.evidence.producer.terms) == ["layer:a#0:out", "layer:b#0:out", "layer:c#0:out"]


def test_sums_that_share_their_terms_are_looked_at_once(tmp_path: Path) -> None:
    """Each sum takes the one before it twice: by way of every sum that would be two to the power of forty."""
    with TraceWriter(tmp_path / "reference.h5", {}) as writer:
        writer.add("input:x", np.ones(6, np.float32))
        for number in range(40):
            before = f"layer:(model)/add.{number - 1}#0:out" if number else "input:x"
            writer.alias(f"layer:(model)/add.{number}#0:in.0", before, "add")
            writer.alias(f"layer:(model)/add.{number}#0:in.1", before, "add")
            writer.add(f"layer:(model)/add.{number}#0:out", RNG.standard_normal(6).astype(np.float32), "add")
        writer.alias("layer:head#0:in.0", "layer:(model)/add.39#0:out", "Linear")
    with Trace.open(tmp_path / "reference.h5") as reference:
        probe = cast(ReferenceProbe, SimpleNamespace(reference=reference))
        right = np.array(reference.array("layer:head#0:in.0"))
        (whole,) = recorded.traced_back(probe, "layer:head#0:in.0", DifferingLayer("Linear", right, right))
    assert whole.evidence.producer is not None
    assert list(whole.evidence.producer.terms) == ["input:x"]
