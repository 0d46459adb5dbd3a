"""How metrics and samples are judged, and what is refused as evidence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.evaluating.conclusion import conclude, worst_first
from harness.evaluating.evidence import OutputRange, empty_on_both
from harness.evaluating.metric_rows import metric_rows
from harness.evaluating.noise_gauge import NoiseGauge
from harness.evaluating.result import MetricRow, SampleRow
from harness.numerics import difference
from harness.verdict import Measured, NoisePolicy


def row(one: float, other: float, step: float = 0.0, *, own: bool = True, limit: float = 0.01) -> MetricRow:
    """The row of one metric."""
    (found,) = metric_rows({"m": one}, {"m": other}, {"m": step}, limit, own_weights=own)
    return found


@pytest.mark.parametrize(
    ("one", "other", "step", "status"),
    [
        (0.8, 0.8, 0.0, "aligned"),
        (0.8, 0.8079, 0.0, "aligned"),
        (0.8, 0.8081, 0.0, "diverged"),
        (0.8, 0.7919, 0.0, "diverged"),
        (0.9, 0.9 + 1 / 945, 1 / 945, "aligned"),
        (0.9, 0.9 + 1 / 50, 1 / 50, "inconclusive"),
        (0.9, 0.9, 1 / 50, "inconclusive"),
        (0.9, 0.9 + 2 / 50, 1 / 50, "diverged"),
        (0.0, 0.5, 0.0, "diverged"),
        (math.nan, math.nan, 0.0, "inconclusive"),
        (math.inf, math.inf, 0.0, "inconclusive"),
        (math.inf, 1.0, 0.0, "diverged"),
        (1.0, math.nan, 0.0, "diverged"),
    ],
)
def test_a_metric_of_two_trainings(one: float, other: float, step: float, status: str) -> None:
    assert row(one, other, step).status == status


def test_the_limit_of_three_hundredths_is_wider() -> None:
    assert row(0.8, 0.82).status == "diverged"
    assert row(0.8, 0.82, limit=0.03).status == "aligned"


def test_with_the_same_weights_few_samples_are_enough_where_metrics_are_equal() -> None:
    assert row(0.9, 0.9, 1 / 50, own=False).status == "aligned"
    assert row(0.9, 0.9 + 2 / 50, 1 / 50, own=False).status == "diverged"


def test_a_metric_that_one_side_alone_has_diverges() -> None:
    (found,) = metric_rows({"m": 1.0}, {}, {}, 0.01, own_weights=True)
    assert found.status == "diverged"


def test_outputs_that_are_constant_or_not_finite_show_nothing() -> None:
    found = OutputRange()
    found.add({"a": np.ones((2, 3))})
    found.add({"a": np.ones((2, 3))})
    assert "constant" in found.empty()
    found.add({"b": np.array([np.nan, 1.0])})
    assert "b is not finite" in found.empty()
    found.add({"a": np.array([2.0])})
    assert not found.empty()


def test_what_one_side_alone_lacks_is_a_difference() -> None:
    assert empty_on_both("nothing", "") == []
    assert empty_on_both("nothing", "nothing") == ["on both sides nothing"]
    assert len(empty_on_both("this", "that")) == 2


def sample(status: str | None = "aligned", ratio: float = 0.1, **more: float) -> SampleRow:
    """A sample."""
    return SampleRow("s", 0, more.get("one", 1.0), more.get("other", 1.0), 0.0, ratio, status)  # type: ignore[arg-type]


def test_the_verdict_follows_the_worst() -> None:
    good, wrong, few = row(1, 1), row(1, 2), row(1, 1, 0.5)
    assert conclude([good], [sample()], [], own_weights=False)[0] == "aligned"
    assert conclude([good], [sample("diverged")], ["x"], own_weights=False)[0] == "diverged"
    assert conclude([wrong], [sample()], ["x"], own_weights=False)[0] == "diverged"
    assert conclude([good], [sample()], ["no target"], own_weights=False)[0] == "inconclusive"
    assert conclude([few], [sample()], [], own_weights=True)[0] == "inconclusive"
    assert conclude([good], [sample("inconclusive")], [], own_weights=False)[0] == "inconclusive"
    assert conclude([], [], [], own_weights=False)[0] == "inconclusive"
    assert "no target" in conclude([good], [sample()], ["no target"], own_weights=False)[1]


def test_the_worst_sample_is_first() -> None:
    rows = [sample(), sample("diverged", 2.0), sample("diverged", 5.0), sample("inconclusive")]
    assert [one.ratio for one in worst_first(rows)] == [5.0, 2.0, 0.1, 0.1]
    own = [sample(None, 0.0, one=0.5, other=0.6), sample(None, 0.0, one=0.5, other=0.9)]
    assert worst_first(own)[0].port == 0.9
    assert math.isnan(worst_first([*own, sample(None, 0.0, one=math.nan)])[0].reference)


def gauge(noise: float) -> NoiseGauge:
    """A gauge that has seen one sample with some relative noise."""
    truth = np.random.default_rng(0).standard_normal(4096)
    rounded = truth * (1 + noise * np.random.default_rng(1).standard_normal(4096))
    found = difference(truth, rounded)
    measured = Measured(
        found, "whole", truth.size, False, 2.0**-23,
        noise_l2=found.l2, noise_max=found.max_abs, truth_l2=found.reference_l2,
        truth_absmax=found.reference_absmax,
    )  # fmt: skip
    made = NoiseGauge(NoisePolicy())
    made.learn("out", measured)
    return made


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_noise_is_a_share_of_the_outputs_of_a_sample(scale: float) -> None:
    draw = np.random.default_rng(2)
    reference = scale * draw.standard_normal(4096)
    near = reference * (1 + 1e-6 * draw.standard_normal(4096))
    far = reference * (1 + 1e-4 * draw.standard_normal(4096))
    known = gauge(1e-6)
    assert known.ready
    assert known.distance({"out": reference}, {"out": near}).ratio < 1
    assert known.distance({"out": reference}, {"out": far}).ratio > 10


def test_outputs_that_cannot_be_compared_are_infinitely_far() -> None:
    known = gauge(1e-6)
    one = np.ones(8)
    assert known.distance({"out": one}, {"out": np.ones(9)}).ratio == math.inf
    assert known.distance({"out": one}, {"other": one}).ratio == math.inf
    assert known.distance({"out": one}, {"out": np.where(np.arange(8) == 3, np.nan, one)}).ratio == math.inf
    assert known.distance({"new": one}, {"new": one + 1e-9}).ratio == math.inf
    assert known.distance({"new": one}, {"new": one}).ratio == 0


def test_a_share_of_nothing_is_told_in_words() -> None:
    (row,) = metric_rows({"Fa": 0.0}, {"Fa": 0.5}, {}, 0.01, own_weights=True)
    assert (row.status, row.reason) == ("diverged", "the reference has 0, the port 5.0e-01")
