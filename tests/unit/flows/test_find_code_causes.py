"""Slips in a module's code are found where they give a layer the port's tensor; the reference really runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from harness.diagnose import Cause, DifferingLayer
from harness.flows import find_code_causes
from harness.flows.find_code_causes import explain_code
from harness.flows.reference_probe import FoundSlips, ReferenceProbe, TimeLimit
from harness.requests import ListCode, Load, TryCode
from harness.sides.call_code import list_code, try_code
from harness.sides.torch_side import TorchSide
from harness.trace import Trace
from tests.unit.sides.test_float64_truth import recorded

AFTER = "layer:drop#0:in.0"


class Reference:
    """The side of the reference, asked as its worker is."""

    def __init__(self, side: TorchSide) -> None:
        self.side, self.tried = side, 0

    def call(self, request: Any) -> Any:
        if isinstance(request, Load):
            return self.side.load(request.state)
        if isinstance(request, ListCode):
            return list_code(self.side, request.inputs, request.mode, request.wanted)
        assert isinstance(request, TryCode)
        self.tried += len(request.trials)
        return try_code(self.side, request.trials, request.wanted, request.seconds)


@pytest.fixture
def probe(tmp_path: Path) -> ReferenceProbe:
    side, inputs = recorded(tmp_path)
    side.run(inputs, "eval", str(tmp_path / "eval.h5"))
    return cast(
        ReferenceProbe,
        SimpleNamespace(
            worker=Reference(side),
            inputs=Path(inputs),
            state=tmp_path / "state.h5",
            mode="eval",
            scratch=tmp_path,
            slips=FoundSlips(),
            limit=TimeLimit(),
        ),
    )


def recorded_at(probe: ReferenceProbe, address: str) -> Any:
    with Trace.open(probe.scratch / "eval.h5") as trace:
        return np.array(trace.array(trace.records[address].alias or address))


def cause(probe: ReferenceProbe, port: Any, address: str = AFTER) -> Cause:
    evidence = DifferingLayer("Dropout", recorded_at(probe, address), port, floor=1e-4)
    return explain_code(probe, address, evidence, "what the port's drop is given is")


def test_a_slip_is_named_with_its_line_and_both_texts(probe: ReferenceProbe) -> None:
    found = cause(probe, abs(recorded_at(probe, "layer:norm#0:out")))
    assert found.found
    assert "in forward (small_torch.py, line 20)" in found.sentence
    assert "self.drop(torch.abs(self.norm(self.conv(image))))`: abs in place of relu" in found.sentence
    assert found.sentence.startswith("what the port's drop is given is the reference's where in")


def test_what_no_slip_gives_and_what_says_too_little_has_no_cause(probe: ReferenceProbe) -> None:
    own = recorded_at(probe, AFTER)
    rng = np.random.default_rng(0)
    assert not cause(probe, rng.standard_normal(own.shape).astype(np.float32)).found
    worker = cast(Reference, probe.worker)
    before = worker.tried
    assert before > 50
    assert not cause(probe, np.zeros_like(own)).found  # one number
    assert not cause(probe, own + 1e-9).found  # rounding
    assert not cause(probe, rng.standard_normal(own.shape).astype(np.float32)).found  # in vain once
    assert worker.tried == before


def test_no_slip_is_tried_once_the_time_of_the_source_is_up(probe: ReferenceProbe) -> None:
    probe.limit.until = 0.0
    assert not cause(probe, abs(recorded_at(probe, "layer:norm#0:out"))).found
    assert cast(Reference, probe.worker).tried == 1  # the code as it is


def test_the_time_is_one_for_all_sources(probe: ReferenceProbe) -> None:
    probe.slips.seconds = find_code_causes._SECONDS + 1
    assert not cause(probe, abs(recorded_at(probe, "layer:norm#0:out"))).found
    assert cast(Reference, probe.worker).tried == 0
