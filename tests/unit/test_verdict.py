"""Policies and verdicts, on numbers whose right answer numpy or hand calculation tells."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.numerics import difference
from harness.pairs.base import Override
from harness.verdict import (
    FixedPolicy,
    Measured,
    MetricPolicy,
    NoisePolicy,
    allowances,
    judge,
    override_for,
    parse_policy,
    tolerance,
)

PLACE = "layer:conv#0:out"
EPS = float(np.finfo(np.float32).eps)


def measured(reference: Any, candidate: Any, **more: Any) -> Measured:
    """What separates two small arrays, without a truth."""
    left, right = np.asarray(reference), np.asarray(candidate)
    integer = left.dtype.kind in "biu"
    return Measured(difference(left, right), "whole", left.size, integer, 0.0 if integer else EPS, **more)


def noisy(size: int, error_l2: float, error_max: float, **more: float) -> Measured:
    """A tensor of ones with given noise and error; the default noise is 1 in l2, 0.1 at the most."""
    ones = np.ones(size)
    expected = {"noise_l2": 1.0, "noise_max": 0.1, "truth_l2": 0.0, "truth_absmax": 0.0} | more
    return measured(ones, ones + error_max, error_l2=error_l2, error_max=error_max, **expected)


class TestParsing:
    def test_names_give_the_defaults(self) -> None:
        assert parse_policy("noise") == NoisePolicy()
        assert parse_policy("fixed") == FixedPolicy(1e-4, 1e-5)
        assert parse_policy("metric") == MetricPolicy(0.01)

    def test_figures_replace_defaults_and_none_keeps_them(self) -> None:
        assert parse_policy("fixed", rtol=0.5, atol=None) == FixedPolicy(rtol=0.5)
        assert parse_policy("noise", factor=3) == NoisePolicy(factor=3.0)
        assert parse_policy({"name": "metric", "limit": 0.03}) == MetricPolicy(0.03)

    @pytest.mark.parametrize(
        "policy",
        [
            NoisePolicy(factor=2.5, ulps=0),
            MetricPolicy(0.03),
            FixedPolicy(1e-3, 0.0, {"output:*": (1e-2, None), "grad:*": (None, 1e-6)}),
        ],
    )
    def test_a_policy_comes_back_from_json(self, policy: NoisePolicy | FixedPolicy | MetricPolicy) -> None:
        assert parse_policy(json.loads(json.dumps(policy.to_dict()))) == policy

    @pytest.mark.parametrize(
        ("value", "options", "words"),
        [
            ("nois", {}, ["'nois'", "noise, fixed, metric"]),
            ({"rtol": 1}, {}, ["None", "noise, fixed, metric"]),
            ("noise", {"limit": 1.0}, ["'limit'", "factor, max_factor, ulps"]),
            ("fixed", {"rtol": "x"}, ["rtol", "'x'", "0 or more"]),
            ("fixed", {"atol": -1.0}, ["atol", "-1.0", "0 or more"]),
            ("fixed", {"rtol": math.nan}, ["rtol", "nan"]),
            ("noise", {"factor": 0}, ["factor", "0", "above 0"]),
            ("metric", {"limit": True}, ["limit", "True"]),
            ("fixed", {"per_pattern": ["a"]}, ["per_pattern", "['a']"]),
            ("fixed", {"per_pattern": {"a*": 1.0}}, ["'a*'", "1.0", "pair"]),
            ("fixed", {"per_pattern": {"a*": (1.0, math.inf)}}, ["'a*'", "inf"]),
        ],
    )
    def test_an_error_repeats_the_value_and_names_what_is_allowed(
        self, value: Any, options: dict[str, Any], words: list[str]
    ) -> None:
        with pytest.raises(BadInput) as caught:
            parse_policy(value, **options)
        for word in words:
            assert word in str(caught.value)

    def test_the_last_pattern_that_matches_decides(self) -> None:
        policy = FixedPolicy(1e-4, 1e-5, {"layer:*": (1e-3, None), "layer:head*": (None, 1e-2)})
        assert policy.tolerances("output:0") == (1e-4, 1e-5)
        assert policy.tolerances("layer:stem#0:out") == (1e-3, 1e-5)
        assert policy.tolerances("layer:head#0:out") == (1e-4, 1e-2)


class TestFixed:
    @pytest.mark.parametrize("seed", range(40))
    def test_never_passes_what_allclose_does_not(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        reference = rng.standard_normal(50) * 10.0 ** rng.integers(-3, 3, 50)
        scale = np.where(rng.random(50) < 0.5, 1, np.abs(reference))
        candidate = reference + 1e-5 * rng.standard_normal(50) * scale
        found = measured(reference, candidate)
        for rtol in (0.0, 1e-7, 1e-5, 1e-3, 1e-1):
            for atol in (0.0, 1e-7, 1e-5, 1e-4):
                if not np.allclose(candidate, reference, rtol, atol):
                    assert found.excess(rtol, atol) > 1 - 1e-9

    @pytest.mark.parametrize("seed", range(20))
    def test_is_exact_at_its_known_points(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        reference = rng.standard_normal(100)
        candidate = reference + 1e-4 * rng.standard_normal(100)
        rtol = 10.0 ** -rng.integers(2, 6)
        atol = float(np.max(np.abs(candidate - reference) - rtol * np.abs(reference)))
        found = measured(reference, candidate, curve=((rtol, atol),))
        assert found.excess(rtol, atol) == pytest.approx(1)
        assert found.excess(rtol, atol * 1.001) < 1 < found.excess(rtol, atol * 0.999)
        largest = float(np.max(np.abs(candidate - reference)))
        assert found.excess(0, largest) == pytest.approx(1)
        assert found.excess(found.difference.pass_rtol, 0) == pytest.approx(1)

    def test_the_factor_is_the_one_by_which_both_tolerances_must_grow(self) -> None:
        found = measured([1.0, 0.0], [1.3, 0.1], curve=((0.2, 0.1),))
        for rtol, atol in ((0.02, 0.01), (0.1, 0.05), (0.4, 0.2)):
            factor = found.excess(rtol, atol)
            assert factor * rtol == pytest.approx(0.2)
            assert factor * atol == pytest.approx(0.1)

    def test_equal_tensors_pass_with_no_tolerance(self) -> None:
        verdict = judge(PLACE, measured([1.0, 2.0], [1.0, 2.0]), FixedPolicy(0, 0))
        assert (verdict.status, verdict.ratio) == ("aligned", 0.0)

    def test_no_tolerance_at_all_fails_any_difference(self) -> None:
        verdict = judge(PLACE, measured([1.0], [1.1]), FixedPolicy(0, 0))
        assert (verdict.status, verdict.ratio) == ("diverged", math.inf)

    def test_patterns_decide_by_address(self) -> None:
        found, policy = measured([1.0], [1.01]), FixedPolicy(per_pattern={"output:*": (0.1, None)})
        assert judge("output:0", found, policy).status == "aligned"
        assert judge(PLACE, found, policy).status == "diverged"

    def test_the_reason_has_error_ratio_place_and_a_tolerance_that_passes(self) -> None:
        reference = np.array([[1.0, 2.0], [3.0, 4.0]])
        candidate = np.array([[1.0, 2.0], [3.0, 4.0123456]])
        reason = judge(PLACE, measured(reference, candidate), FixedPolicy(1e-4, 0)).reason
        assert "0.012" in reason
        assert "31 times" in reason
        assert "[1, 1]: 4.012 instead of 4" in reason
        assert np.allclose(candidate, reference, rtol=_named(reason, "rtol"), atol=0)
        assert np.allclose(candidate, reference, rtol=0, atol=_named(reason, "atol"))

    @pytest.mark.parametrize("seed", range(20))
    def test_the_named_tolerances_pass_and_are_tight(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        reference = rng.uniform(1, 2, 30)
        candidate = reference * (1 + 10.0 ** rng.uniform(-8, -1) * rng.standard_normal(30))
        reason = judge(PLACE, measured(reference, candidate), FixedPolicy(0, 1e-9)).reason
        rtol, atol = _named(reason, "rtol"), _named(reason, "atol")
        assert np.allclose(candidate, reference, rtol=rtol, atol=0)
        assert np.allclose(candidate, reference, rtol=0, atol=atol)
        assert not np.allclose(candidate, reference, rtol=0.89 * rtol, atol=0)
        assert not np.allclose(candidate, reference, rtol=0, atol=0.89 * atol)

    def test_no_relative_tolerance_is_named_where_none_makes_sense(self) -> None:
        reason = judge(PLACE, measured([0.0], [1e-3]), FixedPolicy()).reason
        assert "atol 1.0e-03 would pass" in reason
        assert "with atol 0" not in reason


def _named(reason: str, name: str) -> float:
    """The last tolerance of this name in a reason: the one that would pass."""
    return float(re.findall(rf"{name} ([0-9.e+-]+)", reason.replace("with atol 0,", ""))[-1])


class TestNoise:
    def test_no_noise_and_no_error_is_aligned(self) -> None:
        verdict = judge(PLACE, noisy(100, 0.0, 0.0, noise_l2=0.0, noise_max=0.0), NoisePolicy())
        assert (verdict.status, verdict.ratio) == ("aligned", 0.0)

    def test_an_all_zero_truth_with_an_error_has_diverged(self) -> None:
        verdict = judge(PLACE, noisy(100, 1e-6, 1e-7, noise_l2=0.0, noise_max=0.0), NoisePolicy())
        assert verdict.status == "diverged"
        assert "no noise" in verdict.reason

    @pytest.mark.parametrize(
        ("error", "status"), [(1.3e-4, "aligned"), (1.4e-4, "inconclusive"), (1.4e-2, "diverged")]
    )
    def test_a_gradient_that_is_zero_in_theory_has_the_size_of_the_others(
        self, error: float, status: str
    ) -> None:
        """256 units in the last place of 4.0, and a little more for a small tensor: 1.32e-4."""
        found = noisy(100, error, error, noise_l2=0.0, noise_max=0.0, typical=4.0)
        verdict = judge("grad:a.weight", found, NoisePolicy())
        assert verdict.status == status
        assert "zero in theory among others of about 4" in verdict.reason

    def test_a_flush_of_denormals_to_zero_is_no_fault(self) -> None:
        verdict = judge(PLACE, noisy(100, 1e-38, 1e-39, noise_l2=0.0, noise_max=0.0), NoisePolicy())
        assert verdict.status == "aligned"

    @pytest.mark.parametrize(("times", "status"), [(1, "aligned"), (3.9, "aligned"), (4.2, "diverged")])
    def test_the_error_may_be_a_factor_beyond_the_noise(self, times: float, status: str) -> None:
        verdict = judge(PLACE, noisy(10_000, times, 0.1), NoisePolicy())
        assert verdict.status == status
        assert verdict.ratio == pytest.approx(times / 4, rel=1e-3)

    @pytest.mark.parametrize(("times", "status"), [(9, "aligned"), (11, "diverged")])
    def test_a_single_bad_element_is_seen(self, times: float, status: str) -> None:
        verdict = judge(PLACE, noisy(10_000, 1.5, 0.1 * times), NoisePolicy())
        assert verdict.status == status
        assert "worst element" in verdict.reason

    @pytest.mark.parametrize(("ulps", "status"), [(7.5, "aligned"), (8.5, "diverged")])
    def test_a_few_units_in_the_last_place_are_always_allowed(self, ulps: float, status: str) -> None:
        found = noisy(
            1_000_000, ulps * EPS * 50, 0.0, noise_l2=0.0, noise_max=0.0, truth_l2=50.0, truth_absmax=1.0
        )
        assert judge(PLACE, found, NoisePolicy()).status == status

    @pytest.mark.parametrize(("terms", "ulps"), [(1, 8), (63, 8), (4096, 64), (1_000_000, 1000)])
    def test_a_long_sum_is_allowed_more_units(self, terms: int, ulps: float) -> None:
        expected = {"noise_l2": 0.0, "noise_max": 0.0, "truth_l2": 50.0, "truth_absmax": 1.0, "terms": terms}
        l2, worst = allowances(noisy(1_000_000, 0.0, 0.0, **expected), NoisePolicy())
        assert l2 == pytest.approx(50 * ulps * EPS, rel=1e-4)
        assert worst == pytest.approx(ulps * EPS, rel=1e-4)

    @pytest.mark.parametrize(("size", "growth"), [(1, 9), (2, 5), (8, 2), (800, 1.01)])
    def test_small_tensors_are_allowed_more(self, size: int, growth: float) -> None:
        l2, worst = allowances(noisy(size, 1.0, 0.1), NoisePolicy())
        assert l2 == pytest.approx(4 * growth)
        assert worst == pytest.approx(1 * growth)

    def test_the_factors_are_the_policys(self) -> None:
        found = noisy(10_000, 3.0, 0.1)
        assert judge(PLACE, found, NoisePolicy(factor=2)).status == "diverged"
        assert judge(PLACE, noisy(10_000, 1.0, 0.5), NoisePolicy(max_factor=4)).status == "diverged"

    def test_an_estimate_from_samples_may_hold_one_stray_element(self) -> None:
        sparse = {"noise_l2": 1.0, "noise_max": 1.0}
        exact = noisy(10_000, 12.0, 1.0, **sparse)
        estimated = dataclasses.replace(exact, error_samples=64)
        assert judge(PLACE, exact, NoisePolicy()).status == "diverged"
        assert judge(PLACE, estimated, NoisePolicy()).status == "aligned"
        assert "64 samples" in judge(PLACE, estimated, NoisePolicy()).reason

    def test_the_reason_has_error_noise_ratio_and_a_tolerance(self) -> None:
        reason = judge(PLACE, noisy(10_000, 8.0, 0.2), NoisePolicy()).reason
        for words in (
            "error 8",
            "8.00 times the reference's own noise 1.0e+00",
            "2.00 times what is allowed",
            "atol",
        ):
            assert words in reason

    def test_without_a_truth_a_fixed_tolerance_decides_and_the_reason_says_so(self) -> None:
        verdict = judge(PLACE, measured([1.0], [1.01]), NoisePolicy())
        assert (verdict.status, verdict.policy) == ("diverged", "fixed")
        assert "no float64 truth" in verdict.reason
        assert judge(PLACE, measured([1.0], [1.01]), NoisePolicy(rtol=0.01)).status == "aligned"


class TestAGuess:
    """Where an allowance is no measurement, what exceeds it moderately is neither aligned nor diverged."""

    @pytest.mark.parametrize(
        ("place", "factor", "status"),
        [
            (PLACE, 1.00009, "aligned"),
            (PLACE, 1.00015, "inconclusive"),
            (PLACE, 1.0009, "inconclusive"),
            (PLACE, 1.0012, "diverged"),
            ("grad:w", 1.0012, "inconclusive"),
            ("grad:w", 1.5, "inconclusive"),  # half of a gradient may hang on a few units
            ("grad:w", -0.1, "diverged"),
        ],
    )
    def test_without_a_truth_only_a_gross_difference_has_diverged(
        self, place: str, factor: float, status: str
    ) -> None:
        reference = np.float32([1.0, -2.0, 0.5])
        verdict = judge(place, measured(reference, np.float32(reference * factor)), NoisePolicy())
        assert verdict.status == status
        assert ("may be rounding" in verdict.reason) == (status == "inconclusive")

    def test_an_element_near_zero_among_large_ones_accuses_nobody(self) -> None:
        reference, port = np.float32([1e6, 0.0]), np.float32([1e6, 0.06])  # one unit in the last place of 1e6
        verdict = judge(PLACE, measured(reference, port), NoisePolicy())
        assert verdict.ratio is not None
        assert verdict.ratio > 1000
        assert verdict.status == "inconclusive"

    def test_one_wrong_element_of_many_is_gross(self) -> None:
        port = np.ones(100_000, np.float32)
        port[7] = 1.1
        assert judge(PLACE, measured(np.ones(100_000, np.float32), port), NoisePolicy()).status == "diverged"

    def test_in_float64_nothing_of_it_is_rounding(self) -> None:
        double = dataclasses.replace(measured([1.0], [1.0002]), eps=2.0**-52)
        assert judge(PLACE, double, NoisePolicy()).status == "diverged"

    def test_who_asks_for_fixed_tolerances_has_them(self) -> None:
        assert judge(PLACE, measured([1.0], [1.0003]), FixedPolicy()).status == "diverged"
        rule = Override(PLACE, "fixed", "why", rtol=1e-4)
        assert judge(PLACE, measured([1.0], [1.0003]), NoisePolicy(), [rule]).status == "diverged"

    @pytest.mark.parametrize("wrong", [math.nan, math.inf])
    def test_what_is_not_finite_has_diverged(self, wrong: float) -> None:
        assert judge(PLACE, measured([1.0], [wrong]), NoisePolicy()).status == "diverged"

    @pytest.mark.parametrize(
        ("noise", "over", "status"),
        [
            (0.09, 1.1, "diverged"),
            (0.11, 1.1, "inconclusive"),  # the largest of a few runs is no bound for the next
            (0.11, 16, "inconclusive"),
            (0.11, 120, "diverged"),
            (0.11, 0.9, "aligned"),
        ],
    )
    def test_what_is_mostly_noise_is_accused_grossly_or_not_at_all(
        self, noise: float, over: float, status: str
    ) -> None:
        size, policy = 10_000, NoisePolicy()
        given = {"noise_l2": noise * 100, "noise_max": 1e9, "truth_l2": 100.0, "truth_absmax": 1.0}
        allowed, _ = allowances(noisy(size, 0.0, 0.0, **given), policy)
        assert judge(PLACE, noisy(size, over * allowed, 0.0, **given), policy).status == status


class TestWhatNoToleranceMends:
    @pytest.mark.parametrize("policy", [NoisePolicy(), FixedPolicy(1, 1)])
    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_a_value_that_is_not_finite_on_one_side(self, policy: Any, bad: float) -> None:
        verdict = judge(PLACE, measured([1.0, 2.0], [1.0, bad]), policy)
        assert (verdict.status, verdict.ratio) == ("diverged", math.inf)
        assert "[1]" in verdict.reason
        assert "no tolerance would pass" in verdict.reason

    def test_the_same_nan_on_both_sides_is_no_difference(self) -> None:
        assert judge(PLACE, measured([1.0, math.nan], [1.0, math.nan]), FixedPolicy()).status == "aligned"

    @pytest.mark.parametrize("policy", [NoisePolicy(), FixedPolicy(1, 10)])
    def test_integers_are_compared_exactly(self, policy: Any) -> None:
        assert judge(PLACE, measured([1, 2], [1, 2]), policy).status == "aligned"
        verdict = judge(PLACE, measured([1, 2], [1, 3]), policy)
        assert verdict.status == "diverged"
        assert "integers" in verdict.reason

    def test_integers_that_float32_itself_gets_wrong_are_judged_by_that(self) -> None:
        unstable = {"noise_l2": 3.0, "noise_max": 3.0, "truth_l2": 9.0, "truth_absmax": 3.0}
        found = measured(np.arange(4), [0, 1, 2, 4], error_l2=1.0, error_max=1.0, **unstable)
        assert judge(PLACE, found, NoisePolicy()).status == "aligned"
        steady = dataclasses.replace(found, noise_l2=0.0, noise_max=0.0)
        assert judge(PLACE, steady, NoisePolicy()).status == "diverged"


class TestOverrides:
    RULES = (
        Override("grad:*.bias", "absolute", "zero in theory", atol=1e-3),
        Override("layer:sort*", "skip", "ties are broken at will"),
        Override("layer:*", "fixed", "a table lookup", rtol=0.1, atol=0.0),
    )

    def test_the_first_that_matches_decides(self) -> None:
        assert override_for("layer:sort#0:out", self.RULES) is self.RULES[1]
        assert override_for("output:0", self.RULES) is None

    @pytest.mark.parametrize("policy", [NoisePolicy(), FixedPolicy(0, 0)])
    def test_absolute_looks_at_the_absolute_error_alone(self, policy: Any) -> None:
        small, large = (measured([1e-9, 5.0], [-error, 5.0]) for error in (5e-4, 2e-3))
        kept = judge("grad:conv.bias", small, policy, self.RULES)
        assert (kept.status, kept.policy) == ("aligned", "absolute")
        assert "zero in theory" in kept.reason
        assert judge("grad:conv.bias", large, policy, self.RULES).status == "diverged"

    def test_noise_beyond_the_bound_for_what_is_zero_makes_it_a_guess(self) -> None:
        rounding = {"noise_l2": 4e-3, "noise_max": 4e-3, "truth_l2": 1e-12, "truth_absmax": 1e-12}
        for error, status in ((5e-3, "inconclusive"), (1.0, "diverged")):
            found = measured([0.0, 0.0], [error, 0.0], error_l2=error, error_max=error, **rounding)
            verdict = judge("grad:conv.bias", found, NoisePolicy(), self.RULES)
            assert verdict.status == status
            assert ("may be rounding" in verdict.reason) == (status == "inconclusive")
            assert judge("grad:conv.bias", found, FixedPolicy(0, 0), self.RULES).status == "diverged"
        quiet = dataclasses.replace(found, noise_l2=0.0, noise_max=0.0, error_l2=5e-3, error_max=5e-3)
        assert judge("grad:conv.bias", quiet, NoisePolicy(), self.RULES).status == "diverged"

    def test_fixed_and_skip_give_their_reason(self) -> None:
        verdict = judge("layer:a#0:out", measured([1.0], [1.05]), NoisePolicy(), self.RULES)
        assert (verdict.status, verdict.policy) == ("aligned", "fixed")
        assert "a table lookup" in verdict.reason
        skipped = judge("layer:sort#0:out", measured([1.0], [9.0]), NoisePolicy(), self.RULES)
        assert (skipped.status, skipped.ratio) == ("skipped", None)
        assert skipped.reason == "ties are broken at will"

    def test_tolerance_names_what_decides(self) -> None:
        found = measured([1.0], [1.05])
        assert tolerance("layer:a#0:out", found, NoisePolicy(), self.RULES) == (
            "fixed", 0.1, 0.0, "a table lookup",
        )  # fmt: skip
        assert tolerance("layer:sort#0:out", found, NoisePolicy(), self.RULES) is None
        assert tolerance(PLACE, noisy(9, 1.0, 1.0), NoisePolicy()) is None


class TestMetric:
    @pytest.mark.parametrize(
        ("value", "status"), [(0.505, "aligned"), (0.4949, "diverged"), (0.5, "aligned")]
    )
    def test_the_limit_is_relative_to_the_reference(self, value: float, status: str) -> None:
        assert judge("metric:iou", measured(0.5, value), MetricPolicy(0.0101)).status == status

    def test_a_metric_of_zero_allows_nothing_else(self) -> None:
        assert judge("metric:iou", measured(0.0, 0.1), MetricPolicy()).status == "diverged"
        assert judge("metric:iou", measured(0.0, 0.0), MetricPolicy()).status == "aligned"

    def test_a_count_is_a_metric_too(self) -> None:
        assert judge("metric:hits", measured(1000, 1001), MetricPolicy()).status == "aligned"

    def test_nothing_else_is_judged(self) -> None:
        assert judge("output:0", measured([1.0], [5.0]), MetricPolicy()).status == "skipped"

    def test_policy_noise_judges_metrics_by_the_usual_limit(self) -> None:
        verdict = judge("metric:iou", measured(0.5, 0.503), NoisePolicy())
        assert (verdict.status, verdict.policy) == ("aligned", "metric")


def test_two_draws_of_the_same_noise_are_aligned() -> None:
    """The judge alone: candidate and three reference runs from one law, at every size down to one."""
    rng = np.random.default_rng(0)
    alarms = {}
    for size in (1, 2, 3, 8, 64, 1000):
        runs = 300
        alarms[size] = sum(
            judge(PLACE, _drawn(rng, size), NoisePolicy()).status == "diverged" for _ in range(runs)
        )
    assert sum(alarms.values()) == 0, alarms


def _drawn(rng: np.random.Generator, size: int) -> Measured:
    truth = rng.standard_normal(size)
    runs: list[NDArray[Any]] = [truth + 1e-6 * rng.standard_normal(size) for _ in range(4)]
    away = [difference(truth, run) for run in runs]
    return measured(
        runs[0],
        runs[3],
        noise_l2=max(item.l2 for item in away[:3]),
        noise_max=max(item.max_abs for item in away[:3]),
        truth_l2=away[0].reference_l2,
        truth_absmax=away[0].reference_absmax,
        error_l2=away[3].l2,
        error_max=away[3].max_abs,
    )
