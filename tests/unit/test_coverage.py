"""How much was compared is part of the verdict, and too little of it is no verdict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.alignment import Alignment
from harness.comparing import compare, rejudge
from harness.trace import Trace, TraceWriter
from harness.verdict import FixedPolicy, NoisePolicy

ONES = np.ones(4, np.float32)


def written(path: Path, layers: list[str], asked: str) -> Trace:
    with TraceWriter(path, {"side": path.stem, "layers": asked}) as trace:
        trace.add("input:x", ONES)
        for layer in layers:
            trace.add(f"layer:{layer}#0:out", ONES, "Linear")
        trace.add("output:0", ONES)
    return Trace.open(path)


def judged(
    tmp_path: Path, port: list[str], min_coverage: float = 0.0, asked: str = "all", stored: str = ""
) -> Alignment:
    with (
        written(tmp_path / "torch.h5", ["a", "b", "c", "c/add.0"], stored or asked) as one,
        written(tmp_path / "jittor.h5", port, asked) as other,
    ):
        return compare(one, other, policy=FixedPolicy(min_coverage=min_coverage))


def test_coverage_below_what_was_asked_for_is_reported(tmp_path: Path) -> None:
    alignment = judged(tmp_path, ["a"])
    assert alignment.verdict == "aligned"
    assert "Compared were 1 of 3 layers and 0 of 1 operations (25 %)." in alignment.sentence
    assert "Compared were" not in judged(tmp_path, ["a", "b", "c", "c/add.0"]).sentence


@pytest.mark.parametrize(
    ("wanted", "verdict"), [(0.25, "aligned"), (0.26, "inconclusive"), (1.0, "inconclusive")]
)
def test_too_little_coverage_is_inconclusive(tmp_path: Path, wanted: float, verdict: str) -> None:
    alignment = judged(tmp_path, ["a"], wanted)
    assert alignment.verdict == verdict
    if verdict == "inconclusive":
        assert alignment.exit_code == 5
        assert "Inconclusive: 1 of 3 layers and 0 of 1 operations compared, 25 %" in alignment.sentence
        assert rejudge(alignment, FixedPolicy()).verdict == "aligned"
    assert rejudge(alignment, NoisePolicy(min_coverage=0.9)).verdict == "inconclusive"


def test_layers_that_were_asked_for_and_cannot_be_compared_leave_no_verdict(tmp_path: Path) -> None:
    alignment = judged(tmp_path, ["other"], asked="[abo]*")
    assert alignment.verdict == "inconclusive"
    assert "nothing that --layers '[abo]*' asks for could be compared" in alignment.sentence


def test_what_a_stored_trace_holds_beyond_what_was_asked_for_is_not_missed(tmp_path: Path) -> None:
    alignment = judged(tmp_path, ["a"], 1.0, asked="a", stored="all")
    assert alignment.verdict == "aligned"
    assert alignment.coverage.share == 1
