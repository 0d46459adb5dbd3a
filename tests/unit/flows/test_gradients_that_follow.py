"""A layer that takes another tensor gives its gradient back to that one: two gradients are wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.alignment_rows import Source
from harness.diagnose import Cause
from harness.flows.gradients_that_follow import told
from harness.trace import Trace, TraceWriter

RNG = np.random.default_rng(23)
RIGHT, OTHER, APART = (RNG.standard_normal((2, 6, 1, 1)).astype(np.float32) for _ in range(3))
TAKEN, GIVEN = "layer:(model)/cat.2#0:in.0", "layer:(model)/cat.3#0:in.1"
NONE = Cause(False, "none of 3 hypotheses.", tried=3)


def causes_of(folder: Path, first: Cause, *made: str) -> list[Cause]:
    with TraceWriter(folder / "reference.h5", {}) as writer:
        writer.add("layer:pool#0:out", RIGHT)
        writer.add("layer:(model)/div.0#0:out", OTHER)
        writer.add("layer:head#0:out", APART)
        for name, tensor in ((TAKEN, OTHER), (GIVEN, RIGHT)):
            writer.add(name, np.ascontiguousarray(np.broadcast_to(tensor, (2, 6, 5, 4))))
    sources = [Source(GIVEN, "forward", ["(model)/cat.3"], "")]
    sources += [Source(f"layer:{path}#0:grad", "backward", [], "") for path in made]
    with Trace.open(folder / "reference.h5") as reference:
        return told(sources, [first, *(NONE for _ in made)], reference)


def test_the_gradients_of_both_tensors_follow_and_another_one_does_not(tmp_path: Path) -> None:
    first = Cause(True, "what it is given is another tensor.", taken=TAKEN)
    _, shared, right, other = causes_of(tmp_path, first, "(model)/div.0", "pool", "head")
    assert shared.sentence == f"it follows from the first one, {GIVEN}: what it is given is another tensor."
    assert right.sentence == shared.sentence
    assert shared.culprits == ("(model)/cat.3",)
    assert other == NONE


def test_what_is_given_twice_to_one_call_is_known_by_what_holds_it(tmp_path: Path) -> None:
    """The second of two equal inputs is recorded as the first, which repeats what a pool makes."""
    second = GIVEN.replace("in.1", "in.2")
    with TraceWriter(tmp_path / "reference.h5", {}) as writer:
        writer.add("layer:pool#0:out", RIGHT)
        writer.add(GIVEN, np.ascontiguousarray(np.broadcast_to(RIGHT, (2, 6, 5, 4))))
        writer.alias(second, GIVEN)
    sources = [Source(second, "forward", ["(model)/cat.3"], "")]
    sources.append(Source("layer:pool#0:grad", "backward", [], ""))
    first = Cause(True, "what it is given is another tensor.", taken=second.replace("in.2", "in.0"))
    with Trace.open(tmp_path / "reference.h5") as reference:
        _, right = told(sources, [first, NONE], reference)
    assert right.sentence.startswith("it follows from the first one")
    assert right.culprits == ("(model)/cat.3",)


def test_nothing_follows_from_what_is_not_explained(tmp_path: Path) -> None:
    assert causes_of(tmp_path, NONE, "pool") == [NONE, NONE]


def test_what_a_wrong_operation_takes_by_a_view_follows_from_it(tmp_path: Path) -> None:
    """An operation is given a wrong constant beside a view of a result: that has a wrong gradient, too."""
    with TraceWriter(tmp_path / "reference.h5", {}) as writer:
        writer.add("layer:pool#0:out", RIGHT)
        writer.add("layer:head#0:out", APART)
        writer.add("layer:(model)/mul.0#0:in.0", np.ascontiguousarray(RIGHT[:, None]))
        writer.add("layer:(model)/mul.0#0:in.1", OTHER)
    first = Source("layer:(model)/mul.0#0:in.1", "forward", ["(model)/mul.0"], "")
    sources = [first, *(Source(f"layer:{path}#0:grad", "backward", [path], "") for path in ("pool", "head"))]
    with Trace.open(tmp_path / "reference.h5") as reference:
        _, behind, other = told(sources, [Cause(True, "it is a constant."), NONE, NONE], reference)
    assert behind.sentence.startswith(
        "none of its own: it follows from layer:(model)/mul.0#0:in.1, which takes"
    )
    assert (behind.found, behind.culprits) == (False, ("(model)/mul.0",))
    assert other == NONE
