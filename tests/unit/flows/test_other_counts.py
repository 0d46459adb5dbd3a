"""A module that the port runs another number of times, as both records tell it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Literal, cast

import numpy as np
import pytest

from harness.alignment import Alignment
from harness.alignment_rows import Row, Source
from harness.diagnose import UPDATED_AGAIN, Cause
from harness.flows.other_counts import told
from harness.trace import Trace, TraceWriter
from harness.verdict import Verdict

HELD = ("state:stage.conv.weight", "state:stage.norm.running_mean", "state:head.weight")
BUFFER = "state:stage.norm.running_mean"
GRADIENT = "grad:stage.conv.weight"
DETACHED = Cause(True, "the port's gradient is without the part of head: that branch is detached.")
NONE = Cause(False, "none of 3 hypotheses.", tried=3)


def trace_of(path: Path, counts: Mapping[str, int], aliases: Mapping[str, str] | None = None) -> Trace:
    with TraceWriter(path, {}) as writer:
        for name, count in counts.items():
            for call in range(count):
                writer.add(f"layer:{name}#{call}:out", np.full((2,), call, np.float32))
        for name, of in (aliases or {}).items():
            writer.alias(name, of)
    return Trace.open(path)


def alignment(status: Literal["aligned", "diverged"] = "aligned") -> Alignment:
    verdict = Verdict(status, "noise", "")
    row = Row(BUFFER, "", (2,), "float32", 0, None, verdict, isolated=SimpleNamespace(verdict=verdict))  # type: ignore[arg-type]
    return cast(Alignment, SimpleNamespace(rows=[row]))


def causes_of(
    folder: Path,
    its: Mapping[str, int],
    *sources: Source,
    cause: Cause = DETACHED,
    ours: Mapping[str, int] | None = None,
    aliases: Mapping[str, str] | None = None,
    status: Literal["aligned", "diverged"] = "aligned",
) -> list[Cause]:
    ours = ours or {"stage": 1, "stage.conv": 1, "stage.norm": 1, "head": 1, "act": 3}
    updated = Cause(True, "", f"{UPDATED_AGAIN} 2 times, not once (or once with momentum 0.19)")
    with trace_of(folder / "ours.h5", ours) as one, trace_of(folder / "its.h5", its, aliases) as other:
        causes = [cause for _ in sources]
        return told(alignment(status), sources, causes, one, other, HELD, lambda row: updated)


def source(
    address: str, direction: Literal["forward", "backward", "state"] = "backward", *layers: str
) -> Source:
    return Source(address, direction, list(layers), "")


TWICE = {"stage": 2, "stage.conv": 2, "stage.norm": 2, "head": 1, "act": 3}
WORDS = "stage runs 2 times in the port, once in the reference"


@pytest.mark.parametrize(
    "wrong",
    [
        source(GRADIENT),
        source(BUFFER, "state", "stage.norm"),
        source("layer:stage.norm#0:grad", "backward", "head"),
        source("layer:stem#0:grad", "backward", "stage.conv"),
    ],
)
def test_the_outermost_module_that_runs_again_is_told_wherever_it_shows(
    wrong: Source, tmp_path: Path
) -> None:
    (cause,) = causes_of(tmp_path, TWICE, wrong)
    assert cause.sentence == f"{WORDS}."
    assert (cause.found, cause.culprits) == (True, ("stage",))


def test_what_a_buffer_shows_is_told(tmp_path: Path) -> None:
    (cause,) = causes_of(tmp_path, TWICE, source(GRADIENT), status="diverged")
    assert cause.sentence == f"{WORDS}: {BUFFER} is {UPDATED_AGAIN} 2 times, not once."


def test_what_lies_elsewhere_or_forward_keeps_its_cause(tmp_path: Path) -> None:
    elsewhere = source("grad:head.weight", "backward", "head")
    forward = source("layer:stage.conv#0:out", "forward", "stage.conv")
    assert causes_of(tmp_path, TWICE, elsewhere, forward) == [DETACHED, DETACHED]


def test_as_many_calls_tell_nothing(tmp_path: Path) -> None:
    same = {"stage": 1, "stage.conv": 1, "stage.norm": 1, "head": 1, "act": 3}
    assert causes_of(tmp_path, same, source(GRADIENT)) == [DETACHED]


def test_a_module_never_runs_where_nothing_comes_back_to_it_either(tmp_path: Path) -> None:
    """Its parameters may be taken without a call, as by a function, and those of its parts by theirs."""
    nothing = Cause(
        True, "the port's gradient is zero everywhere: the branch is detached, or it takes no part."
    )
    (cause,) = causes_of(tmp_path, {"head": 1}, source(GRADIENT), cause=nothing)
    assert cause.sentence == "stage never runs in the port, once in the reference."
    assert causes_of(tmp_path, {"head": 1}, source(GRADIENT)) == [DETACHED]
    parts = {"head": 1, "stage.conv": 1, "stage.norm": 1}
    assert causes_of(tmp_path, parts, source(GRADIENT), cause=nothing) == [nothing]


def test_a_module_that_holds_nothing_may_be_written_as_a_function(tmp_path: Path) -> None:
    its = {"stage": 1, "stage.conv": 1, "stage.norm": 1, "head": 1, "act": 2}
    assert causes_of(tmp_path, its, source("layer:act#0:grad", "backward", "act")) == [DETACHED]


def test_fewer_calls_are_told_too_and_a_part_with_a_count_of_its_own(tmp_path: Path) -> None:
    ours = {"stage": 2, "stage.conv": 2, "stage.norm": 2}
    (fewer,) = causes_of(
        tmp_path, {"stage": 1, "stage.conv": 1, "stage.norm": 1}, source(GRADIENT), ours=ours
    )
    assert fewer.sentence == "stage runs once in the port, 2 times in the reference."
    (own,) = causes_of(tmp_path, {"stage": 2, "stage.conv": 3, "stage.norm": 2}, source(GRADIENT), ours=ours)
    assert own.sentence == "stage.conv runs 3 times in the port, 2 times in the reference."


def test_what_nothing_explains_may_come_of_the_other_call(tmp_path: Path) -> None:
    wrong, address = source("layer:head#0:in.0", "forward", "head"), "layer:head#0:in.0"
    (cause,) = causes_of(tmp_path, TWICE, wrong, cause=NONE, aliases={address: "layer:stage#1:out"})
    assert cause.sentence == f"it is what call number 1 of stage returns: {WORDS}."
    (right_call,) = causes_of(tmp_path, TWICE, wrong, cause=NONE, aliases={address: "layer:stage#0:out"})
    assert right_call == NONE
    (known,) = causes_of(tmp_path, TWICE, wrong, aliases={address: "layer:stage#1:out"})
    assert known == DETACHED


@pytest.mark.parametrize("part", [(slice(None), slice(0, 8)), (slice(1, 3), slice(None))])
def test_what_nothing_explains_may_be_cut_out_of_the_other_call(
    part: tuple[slice, slice], tmp_path: Path
) -> None:
    """A slice is recorded as no operation: its elements tell, which are the same to the last bit."""
    drawn = np.random.default_rng(5).standard_normal((2, 4, 32)).astype(np.float32)
    address = "layer:act#0:in.0"
    wrong = source(address, "forward", "act")

    def told_of(given: np.ndarray) -> Cause:
        with TraceWriter(tmp_path / "ours.h5", {}) as ours, TraceWriter(tmp_path / "its.h5", {}) as its:
            for call, writer in ((0, ours), (0, its), (1, its)):
                writer.add(f"layer:stage#{call}:out", drawn[call])
            ours.add("layer:head#0:out", drawn[0])
            its.add(address, given)
        with Trace.open(tmp_path / "ours.h5") as one, Trace.open(tmp_path / "its.h5") as other:
            return told(alignment(), [wrong], [NONE], one, other, HELD, lambda row: NONE)[0]

    found = told_of(drawn[1][part])
    assert found.sentence == (
        f"it is a part of what call number 1 of stage returns: {WORDS}; "
        "the reference runs head as well, which never runs in the port."
    )
    assert found.culprits == ("stage",)
    assert told_of(drawn[0][part]) == NONE
    assert told_of(drawn[1][part] * np.float32(1.0001)) == NONE


def test_a_module_that_the_port_alone_runs_is_told_by_its_result(tmp_path: Path) -> None:
    """As one of two heads that both sides hold: each runs another one."""
    ours = {"stage": 1, "stage.conv": 1, "stage.norm": 1}
    its = {"head": 1}
    wrong, address = source("layer:act#0:in.0", "forward", "act"), "layer:act#0:in.0"
    (cause,) = causes_of(tmp_path, its, wrong, cause=NONE, ours=ours, aliases={address: "layer:head#0:out"})
    assert cause.sentence == (
        "it is what call number 0 of head returns: head runs once in the port, never in the reference; "
        "the reference runs stage as well, which never runs in the port."
    )
    assert cause.culprits == ("head",)


def test_a_module_whose_parts_the_reference_runs_without_it_is_none_of_the_ports_own(tmp_path: Path) -> None:
    ours = {"stage.conv": 1, "stage.norm": 1, "head": 1}
    wrong, address = source("layer:act#0:in.0", "forward", "act"), "layer:act#0:in.0"
    its = {"stage": 1, "stage.conv": 1, "stage.norm": 1, "head": 1}
    (cause,) = causes_of(tmp_path, its, wrong, cause=NONE, ours=ours, aliases={address: "layer:stage#0:out"})
    assert cause == NONE
