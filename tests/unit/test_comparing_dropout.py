"""Two traces are held against each other only where their dropouts dropped alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness import json_codec
from harness.alignment import Alignment
from harness.case import Case
from harness.choices import Dropout
from harness.comparing import compare, rejudge
from harness.dropout import NOTE, Draw
from harness.trace import Trace, TraceWriter
from harness.verdict import FixedPolicy

HERE, THERE = Draw("block.drop#0.0", [2, 3]), Draw("block#0.0", [2, 3])
TURNED, OTHER = Draw("block.drop#0.0", [3, 2]), Draw("block.drop#0.0", [6, 5])
OFF = Draw("block.drop#0.0", [2, 3], "it draws in a kernel")


def written(path: Path, treatment: Dropout | None, draws: list[Draw], value: float) -> Trace:
    """A trace whose output is `value`; without a treatment it is as older versions wrote them."""
    case = Case("p", "v", mode="train", dropout=treatment or "off").to_dict()
    if treatment is None:
        del case["dropout"]
    with TraceWriter(path, {"side": path.stem, "case": case}) as trace:
        trace.add("output:0", np.full(4, value, np.float32))
        if treatment is not None:
            trace.note(NOTE, json_codec.to_plain(draws, list[Draw]))
    return Trace.open(path)


def judged(
    folder: Path,
    ours: list[Draw],
    its: list[Draw],
    treatments: tuple[Dropout | None, Dropout | None] = ("shared", "shared"),
    value: float = 1.0,
) -> Alignment:
    """A reference that returns ones against a port that returns `value`."""
    with (
        written(folder / "torch.h5", treatments[0], ours, 1.0) as one,
        written(folder / "jittor.h5", treatments[1], its, value) as other,
    ):
        return compare(one, other, policy=FixedPolicy())


@pytest.mark.parametrize("value", [1.0, 2.0])
@pytest.mark.parametrize(
    ("treatments", "ours", "its", "said"),
    [
        (("shared", "off"), [HERE], [], "dropout drops in torch and is switched off in jittor"),
        ((None, "shared"), [], [HERE], "dropout drops in jittor and is switched off in torch"),
        (("shared", "shared"), [HERE], [THERE], "the dropout at block.drop#0.0 of torch may be the one at"),
        (("shared", "shared"), [HERE], [TURNED], "has no mask that fits both (its numbers lie in the shape"),
        (("shared", "shared"), [HERE], [OFF], "has no mask that fits both (it draws in a kernel)"),
    ],
)
def test_dropouts_that_dropped_otherwise_leave_no_verdict(
    tmp_path: Path,
    value: float,
    treatments: tuple[Dropout | None, Dropout | None],
    ours: list[Draw],
    its: list[Draw],
    said: str,
) -> None:
    alignment = judged(tmp_path, ours, its, treatments, value)
    assert alignment.verdict == "inconclusive"
    assert said in alignment.sentence
    assert "--dropout off" in alignment.sentence
    assert rejudge(alignment, FixedPolicy()).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("ours", "its"),
    [([HERE], [HERE]), ([OFF], [OFF]), ([HERE], []), ([], [HERE]), ([HERE], [OTHER]), ([], [])],
)
def test_otherwise_values_decide(tmp_path: Path, ours: list[Draw], its: list[Draw]) -> None:
    (tmp_path / "other").mkdir()
    assert judged(tmp_path, ours, its).verdict == "aligned"
    assert judged(tmp_path / "other", ours, its, value=2.0).verdict == "diverged"


def test_traces_without_dropout_may_be_of_any_time(tmp_path: Path) -> None:
    alignment = judged(tmp_path, [], [], (None, "shared"))
    assert (alignment.verdict, alignment.coverage.case_differences) == ("aligned", [])


def test_what_dropped_is_told(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    alignment = judged(tmp_path, [HERE], [HERE])
    assert "1 random draw gave both sides the same numbers." in alignment.sentence
    assert Alignment.from_json(alignment.to_json()).coverage.dropout == alignment.coverage.dropout
    off = judged(tmp_path / "other", [OFF], [OFF])
    assert "Dropout was switched off at block.drop (it draws in a kernel)." in off.sentence
    assert off.coverage.dropout.shared == 0
