"""Equivalence over seeds, against scipy, known counts of seeds, and simulations with known error rates."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy  # its part `stats` is imported when it is first used, which takes a second

from harness.student import normal_cdf, t_cdf, t_quantile
from harness.training.churn import churn, disagreement
from harness.training.equivalence import equivalence, power, seeds_needed, verdict_of, welch_interval


@pytest.mark.parametrize("freedom", [1, 1.5, 2, 3.3, 8, 50, 400, 5000])
def test_students_t_is_scipys(freedom: float) -> None:
    for share in (0.6, 0.9, 0.95, 0.975, 0.999):
        assert t_quantile(share, freedom) == pytest.approx(scipy.stats.t.ppf(share, freedom), rel=1e-6)
    for value in (-3.0, -0.5, 0.0, 1.7, 6.0):
        assert t_cdf(value, freedom) == pytest.approx(scipy.stats.t.cdf(value, freedom), abs=1e-8)
        assert normal_cdf(value) == pytest.approx(scipy.stats.norm.cdf(value), abs=1e-12)


@pytest.mark.parametrize("counts", [(2, 2), (3, 5), (10, 4)])
def test_the_interval_is_scipys(counts: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(counts))
    one, other = rng.normal(5, 1, counts[0]), rng.normal(5.5, 3, counts[1])
    wanted = scipy.stats.ttest_ind(other, one, equal_var=False).confidence_interval(0.9)
    assert welch_interval(one, other) == pytest.approx((wanted.low, wanted.high), rel=1e-6)


@pytest.mark.parametrize(("margin", "at_80", "at_90"), [(1, 18, 23), (1.5, 9, 11), (2, 6, 7), (3, 4, 4)])
def test_the_seeds_that_decide_are_the_known_ones(margin: float, at_80: int, at_90: int) -> None:
    assert seeds_needed(1.0, margin, 0.8) == at_80
    assert seeds_needed(1.0, margin, 0.9) == at_90


def test_more_seeds_than_can_be_trained_are_none_and_no_spread_needs_two() -> None:
    assert seeds_needed(1.0, 1e-6) is None
    assert seeds_needed(0.0, 1.0) == 2


DRAWN = 400


def called(verdict: str, seeds: int, shift: float, margin: float) -> float:
    """How often two sides whose means are a shift apart get a verdict."""
    drawn = np.random.default_rng(seeds).standard_normal((DRAWN, 2, seeds))
    verdicts = [verdict_of(*welch_interval(one, other + shift), margin) for one, other in drawn]
    return verdicts.count(verdict) / DRAWN  # type: ignore[arg-type]


@pytest.mark.parametrize(("seeds", "margin"), [(3, 3.0), (6, 2.0), (18, 1.0)])
def test_how_often_alike_sides_are_called_equivalent(seeds: int, margin: float) -> None:
    assert called("equivalent", seeds, 0.0, margin) == pytest.approx(power(seeds, margin, 1.0), abs=0.06)


AT_MOST = 0.05 + 3 * math.sqrt(0.05 * 0.95 / DRAWN)


@pytest.mark.parametrize("seeds", [3, 8])
def test_a_difference_of_just_the_margin_gets_either_verdict_in_one_of_twenty_at_most(seeds: int) -> None:
    assert called("equivalent", seeds, 2.0, 2.0) <= AT_MOST
    assert called("different", seeds, 2.0, 2.0) <= AT_MOST


def test_three_verdicts_with_their_figures() -> None:
    reference = [0.700, 0.702, 0.698]
    same = equivalence("mIoU", reference, [0.701, 0.699, 0.7005], 0.01)
    assert (same.verdict, same.margin) == ("equivalent", pytest.approx(0.007))
    assert same.sentence.endswith("equivalent")
    worse = equivalence("mIoU", reference, [0.65, 0.651, 0.649], 0.01)
    assert worse.verdict == "different"
    assert worse.difference == pytest.approx(-0.05)
    open_ = equivalence("mIoU", reference, [0.72, 0.68, 0.70], 0.01)
    assert open_.verdict == "inconclusive"
    assert open_.needed is not None
    assert f"about {open_.needed} seeds a side would decide" in open_.sentence
    seen = equivalence("mIoU", reference, [0.7075, 0.7085, 0.706], 0.01)
    assert seen.verdict == "inconclusive"
    assert "there is a difference" in seen.sentence


@pytest.mark.parametrize(
    ("reference", "port", "words"),
    [
        ([0.5], [0.5], "--seeds"),
        ([0.5, math.nan], [0.5, 0.5], "not finite"),
        ([0.0, 0.0], [0.1, 0.1], "margin is zero"),
    ],
)
def test_what_cannot_be_judged_says_why(reference: list[float], port: list[float], words: str) -> None:
    found = equivalence("mIoU", reference, port, 0.01)
    assert found.verdict == "inconclusive"
    assert words in found.sentence


def test_figures_without_any_spread_are_judged_by_their_difference() -> None:
    assert equivalence("m", [1.0, 1.0], [1.0, 1.0], 0.01).verdict == "equivalent"
    assert equivalence("m", [1.0, 1.0], [2.0, 2.0], 0.01).verdict == "different"


def test_disagreement_is_the_share_of_samples_that_changed() -> None:
    assert disagreement([1.0, 1.0, 0.0, 0.5], [1.0, 0.9, 0.0, 0.51]) == 0.25
    assert disagreement([math.nan, 1.0], [math.nan, math.nan]) == 0.5
    assert disagreement([], []) == 0.0


def test_churn_of_a_port_stands_beside_the_references_own() -> None:
    rng = np.random.default_rng(0)
    seeds = [(rng.random(2000) < 0.7).astype(float).tolist() for _ in range(3)]
    ports = [(rng.random(2000) < 0.7).astype(float).tolist() for _ in range(3)]
    found = churn(seeds, ports)
    assert found is not None
    assert found.reference == pytest.approx(2 * 0.7 * 0.3, abs=0.03)
    assert found.ratio == pytest.approx(1.0, abs=0.1)
    worse = churn(seeds, [(rng.random(2000) < 0.3).astype(float).tolist() for _ in range(3)])
    assert worse is not None
    assert worse.ratio > 1.2
    assert churn(seeds[:1], ports[:1]) is None
    assert churn(seeds, [[1.0], [1.0], [1.0]]) is None
