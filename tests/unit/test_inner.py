"""What differs inside while what leaves the model agrees: shapes are told apart, wrong values are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.alignment import Alignment
from harness.comparing import compare, rejudge
from harness.trace import Trace, TraceWriter
from harness.verdict import FixedPolicy, NoisePolicy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3)).astype(np.float32)
OLD, NEW = np.tanh(X), np.exp(X)
OUT = np.concatenate([OLD, NEW], axis=1)


def written(path: Path, dense: bool, **changes: float) -> Trace:
    """A layer that gives its result to another one; a `dense` one hands on what it was given as well."""

    def moved(name: str, array: np.ndarray) -> np.ndarray:
        return array * np.float32(changes.get(name, 1.0))

    with TraceWriter(path, {"side": path.stem, "layers": "all"}) as trace:
        trace.add("input:x", X)
        trace.alias("layer:grow#0:in.0", "input:x", "Grow")
        trace.add("layer:grow#0:out", moved("grow", OUT if dense else NEW), "Grow")
        if changes.get("taken", 1):
            trace.alias("layer:join#0:in.0", "layer:grow#0:out", "Join")
        trace.add("layer:join#0:out", moved("join", OUT), "Join")
        trace.alias("layer:dead#0:in.0", "input:x", "Dead")
        trace.add("layer:dead#0:out", moved("dead", NEW), "Dead")
        trace.alias("output:0", "layer:join#0:out")
        trace.add("grad:grow.weight", moved("grad", X))
    return Trace.open(path)


def judged(tmp_path: Path, policy: NoisePolicy | FixedPolicy | None = None, **changes: float) -> Alignment:
    with (
        written(tmp_path / "torch.h5", dense=False, taken=changes.get("taken", 1)) as one,
        written(tmp_path / "jittor.h5", dense=True, **changes) as other,
    ):
        return compare(one, other, policy=policy or FixedPolicy())


def test_another_structure_with_the_same_function_is_information(tmp_path: Path) -> None:
    alignment = judged(tmp_path)
    assert (alignment.verdict, alignment.first) == ("aligned", None)
    inner = [gap.address for gap in alignment.coverage.inner]
    assert inner == ["layer:grow#0:out", "layer:join#0:in.0"]
    assert (
        "2 inner differences: layer:grow#0:out, layer:join#0:in.0 (shape 2x3 in torch, 2x6"
        in alignment.sentence
    )
    assert alignment.row("layer:grow#0:out").verdict.status == "inner"


def test_it_stays_so_when_it_is_stored_and_judged_again(tmp_path: Path) -> None:
    alignment = Alignment.from_json(judged(tmp_path).to_json())
    assert rejudge(alignment, FixedPolicy()).sentence == alignment.sentence


@pytest.mark.parametrize("wrong", ["join", "grad"])
def test_where_an_output_or_a_gradient_is_wrong_every_difference_counts(tmp_path: Path, wrong: str) -> None:
    alignment = judged(tmp_path, **{wrong: 1.1})
    assert (alignment.verdict, alignment.first) == ("diverged", "layer:grow#0:out")
    assert alignment.coverage.inner == []


def test_a_wrong_value_that_nothing_shows_has_diverged_by_default(tmp_path: Path) -> None:
    alignment = judged(tmp_path, dead=1.1)
    assert alignment.verdict == "diverged"
    assert alignment.row("layer:dead#0:out").verdict.status == "diverged"


def test_another_shape_that_nothing_takes_has_diverged(tmp_path: Path) -> None:
    assert judged(tmp_path, taken=0).verdict == "diverged"


def test_outputs_alone_decide_where_that_is_asked_for(tmp_path: Path) -> None:
    alignment = judged(tmp_path, FixedPolicy(judge="outputs"), dead=1.1)
    assert alignment.verdict == "aligned"
    assert "layer:dead#0:out" in [gap.address for gap in alignment.coverage.inner]
    assert "--judge outputs" in alignment.sentence
    assert rejudge(alignment, FixedPolicy()).verdict == "diverged"
    assert judged(tmp_path, FixedPolicy(judge="outputs"), grad=1.1).verdict == "diverged"


def test_outputs_that_are_zero_say_nothing(tmp_path: Path) -> None:
    with (
        written(tmp_path / "torch.h5", dense=False, join=0.0, grad=0.0) as one,
        written(tmp_path / "jittor.h5", dense=True, join=0.0, grad=0.0) as other,
    ):
        assert compare(one, other, policy=FixedPolicy(judge="outputs")).verdict == "diverged"
