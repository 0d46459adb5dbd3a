"""Where one side is random, or noise drowns most tensors, no verdict is claimed, and every report says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from harness import json_codec
from harness.alignment import Alignment
from harness.answers import Observer, OutputChange
from harness.cli.golden import _verified
from harness.comparing import compare, rejudge
from harness.sides.description import differences
from harness.trace import Trace, TraceWriter
from harness.verdict import NoisePolicy
from reports.html import html
from reports.junit import junit
from reports.markdown import markdown
from tests.unit.reports import samples

OUT = "output:0"


def observed(apart: float, **more: Any) -> dict[str, Observer]:
    """An observer that saw the port's output change."""
    return {"jittor": Observer(changed={OUT: OutputChange(apart, 2.0)}, **more)}


def judged(rows: list[Any] | None = None, **changes: Any) -> Alignment:
    """A sample, judged by its rows and its observer."""
    rows = rows if rows is not None else [samples.row(OUT, 0)]
    return rejudge(samples.alignment(rows, **changes), NoisePolicy())


@pytest.mark.parametrize(
    ("apart", "noise", "verdict"),
    [
        (9e-6, 1e-6, "aligned"),  # ten times the noise is rounding
        (1e-3, 1e-6, "inconclusive"),
        (1e-3, None, "aligned"),  # where the noise is not known, a thousandth of the largest value
        (3e-3, None, "inconclusive"),
    ],
)
def test_two_runs_that_differ_by_more_than_rounding_are_random(
    apart: float, noise: float | None, verdict: str
) -> None:
    assert judged([samples.row(OUT, 0, noise=noise)], observer=observed(apart)).verdict == verdict


def test_a_divergence_of_a_random_model_is_inconclusive() -> None:
    alignment = judged([samples.row(OUT, 0, error=1.0)], observer=observed(0.5, draws=["rand in a.b"]))
    assert alignment.verdict == "inconclusive"
    assert "two runs of jittor differ by 0.5 at output:0" in alignment.sentence
    assert "what draws at random there is rand in a.b." in alignment.sentence


def test_the_noise_of_a_model_that_draws_excuses_nothing() -> None:
    rows = [samples.row(f"output:{place}", place, noise=5.0) for place in range(3)]
    alignment = judged(rows, observer=observed(0.5, draws=["randn in a"]))
    assert "what draws at random there is randn in a." in alignment.sentence


@pytest.mark.parametrize(("weak", "verdict"), [(5, "aligned"), (6, "inconclusive")])
def test_noise_in_most_tensors_leaves_nothing_to_say(weak: int, verdict: str) -> None:
    rows = [samples.row(f"output:{place}", place, noise=0.5 if place < weak else 1e-6) for place in range(10)]
    alignment = judged(rows)
    assert alignment.verdict == verdict
    assert ("drowns 6 of the 10 tensors" in alignment.sentence) == (verdict == "inconclusive")


def test_noise_excuses_no_divergence() -> None:
    rows = [samples.row(f"output:{place}", place, noise=0.5) for place in range(9)]
    assert judged([*rows, samples.row("output:9", 9, error=1.0)]).verdict == "diverged"


def test_what_a_bare_run_showed_travels_with_the_trace(tmp_path: Path) -> None:
    for side in ("torch", "jittor"):
        with TraceWriter(tmp_path / side, {"side": side}) as writer:
            writer.add(OUT, np.ones(4, np.float32))
            writer.note("observer", json_codec.to_plain(observed(0.5)["jittor"]) if side == "jittor" else {})
    with Trace.open(tmp_path / "torch") as reference, Trace.open(tmp_path / "jittor") as port:
        alignment = compare(reference, port)
    assert alignment.verdict == "inconclusive"
    assert "two runs of jittor differ" in alignment.sentence


def test_where_two_runs_differ_is_kept_by_address() -> None:
    ones = np.ones(3, np.float32)
    bare = {"a": ones, "b": ones, "c": ones}
    found = differences(bare, {"a": ones, "b": ones * 3, "c": np.ones(2, np.float32)}, ["rand"])
    assert not found.bitwise
    assert found.changed == {"b": OutputChange(2, 3), "c": OutputChange(1, 1)}
    nothing = np.array([np.nan, np.inf])
    assert differences({"a": nothing}, {"a": nothing}, []).bitwise


def test_every_report_says_so() -> None:
    alignment = judged(observer=observed(0.5))
    assert markdown(alignment).startswith("**? Inconclusive: ")
    assert 'class="inconclusive"' in html(alignment)
    assert "? inconclusive" in html(alignment)
    suite = ElementTree.fromstring(junit(alignment))
    assert suite.get("errors") == "1"
    assert str(suite.find("testcase/error").get("message")).startswith("Inconclusive: ")  # type: ignore[union-attr]
    assert "#9a6700" in alignment._repr_html_()
    assert Alignment.from_json(alignment.to_json()) == alignment


def test_of_several_goldens_the_gravest_ending_counts() -> None:
    sound, random = judged(), judged(observer=observed(0.5))
    wrong = judged([samples.row(OUT, 0, error=1.0)])
    assert _verified({"a": sound, "b": random}).exit_code == 5
    assert _verified({"a": sound, "b": random, "c": wrong}).exit_code == 1
    assert _verified({"a": sound}).exit_code == 0


@pytest.mark.parametrize(("apart", "verdict"), [(0.003, "diverged"), (0.05, "inconclusive")])
def test_sides_that_are_grossly_farther_apart_than_two_runs_have_diverged(apart: float, verdict: str) -> None:
    rows = [samples.row(OUT, 0, error=1.0)]
    assert judged(rows, observer=observed(apart)).verdict == verdict
    drawn = judged(rows, observer=observed(apart, draws=["rand in a"]))
    assert drawn.verdict == "inconclusive"
