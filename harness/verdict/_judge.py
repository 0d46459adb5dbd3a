"""Judging one tensor."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from harness.figures import ratio as times
from harness.figures import scientific
from harness.numerics import Difference
from harness.pairs.base import Override
from harness.verdict._doubt import beyond_belief, doubted
from harness.verdict._measured import Measured
from harness.verdict._policy import METRIC_LIMIT, FixedPolicy, MetricPolicy, NoisePolicy, Policy
from harness.verdict._verdict import Verdict
from harness.verdict._words import figure, passing, worst_place

_SMALLEST = 1.2e-38  # the smallest normal float32: a side may flush to zero what is below


class Tolerance(NamedTuple):
    """An rtol and atol that hold at an address, under which policy, and why these."""

    policy: str
    rtol: float
    atol: float
    why: str = ""


def override_for(address: str, overrides: Iterable[Override]) -> Override | None:
    """The first override whose glob matches an address."""
    return next((rule for rule in overrides if fnmatch.fnmatchcase(address, rule.pattern)), None)


def tolerance(
    address: str, measured: Measured, policy: Policy, overrides: Iterable[Override] = ()
) -> Tolerance | None:
    """The tolerance that decides at an address; None where something else does."""
    is_metric = address.startswith("metric:")
    if isinstance(policy, MetricPolicy) and not is_metric:
        return None
    rule = override_for(address, overrides)
    if rule is not None:
        rtol = rule.rtol if rule.policy == "fixed" else 0.0
        return None if rule.policy == "skip" else Tolerance(rule.policy, rtol, rule.atol, rule.reason)
    if measured.integer or isinstance(policy, MetricPolicy):
        return None
    if isinstance(policy, FixedPolicy):
        return Tolerance("fixed", *policy.tolerances(address))
    if is_metric or measured.error_l2 is not None:
        return None
    return Tolerance("fixed", policy.rtol, policy.atol, "no float64 truth here, so a fixed tolerance")


def judge(address: str, measured: Measured, policy: Policy, overrides: Iterable[Override] = ()) -> Verdict:
    """Judge what was measured at an address."""
    is_metric = address.startswith("metric:")
    if isinstance(policy, MetricPolicy) and not is_metric:
        return Verdict("skipped", "metric", "policy metric judges metrics alone")
    rule = override_for(address, overrides)
    if rule is not None and rule.policy == "skip":
        return Verdict("skipped", "skip", rule.reason)
    if measured.broken and isinstance(policy, NoisePolicy):
        return _broken_down(measured.difference, policy.name)
    fixed = tolerance(address, measured, policy, overrides)
    if fixed is not None:
        verdict = _within(measured, fixed)
        if not isinstance(policy, NoisePolicy):
            return verdict
        if rule is None:
            return doubted(address, verdict, measured, policy)
        return _beside_noise(verdict, measured, policy) if rule.policy == "absolute" else verdict
    if measured.difference.nonfinite:
        return _nonfinite(measured.difference, policy.name)
    if isinstance(policy, MetricPolicy) or (is_metric and measured.error_l2 is None):
        return _by_limit(measured, policy.limit if isinstance(policy, MetricPolicy) else METRIC_LIMIT)
    if measured.integer and not (isinstance(policy, NoisePolicy) and measured.noise_l2):
        return _exactly(measured, policy.name)
    assert isinstance(policy, NoisePolicy)
    verdict = doubted(address, _by_noise(measured, policy), measured, policy)
    believed = beyond_belief(measured)
    if believed is None or verdict.status != "aligned" or _by_noise(believed, policy).status == "aligned":
        return verdict
    why = "the stored noise is far beyond what the stored reference shows itself, and is not believed"
    return replace(verdict, status="inconclusive", reason=f"{verdict.reason}; {why}")


def _verdict(policy: str, ratio: float, reason: str) -> Verdict:
    return Verdict("aligned" if ratio <= 1 else "diverged", policy, reason, ratio)


def _error(measured: Measured) -> str:
    """The error, in the one form that every text shows it in."""
    return f"{measured.error_name} {scientific(measured.error)}"


def _nonfinite(found: Difference, policy: str, lead: str = "") -> Verdict:
    count = "1 element is" if found.nonfinite == 1 else f"{found.nonfinite} elements are"
    reason = f"{lead}{count} not finite or not so on both sides, first {worst_place(found)}; {passing(found)}"
    return _verdict(policy, math.inf, reason)


def _broken_down(found: Difference, policy: str) -> Verdict:
    why = "the reference itself is not finite where its float64 run is: float32 does not carry it so far"
    return replace(_nonfinite(found, policy, f"{why}; "), status="inconclusive")


def _exactly(measured: Measured, policy: str) -> Verdict:
    found = measured.difference
    if found.max_abs == 0:
        return _verdict(policy, 0.0, f"the integers are equal; {passing(found)}")
    error = f"{_error(measured)}, largest {figure(found.max_abs)} {worst_place(found)}"
    return _verdict(policy, math.inf, f"integers should be equal; {error}; {passing(found)}")


def _within(measured: Measured, allowed: Tolerance) -> Verdict:
    found = measured.difference
    lead = f"{allowed.why}: " if allowed.why else ""
    if found.nonfinite:
        return _nonfinite(found, allowed.policy, lead)
    if found.max_abs == 0:
        return _verdict(allowed.policy, 0.0, f"{lead}the values are equal; {passing(found)}")
    ratio = measured.excess(allowed.rtol, allowed.atol)
    bound = f"atol {allowed.atol:.3g}"
    if allowed.policy == "fixed":
        bound = f"rtol {allowed.rtol:.3g} with {bound}"
    error = f"{_error(measured)}, largest {figure(found.max_abs)} {worst_place(found)}"
    reason = f"{lead}{error}, {times(ratio)} times what {bound} allows; {passing(found)}"
    return _verdict(allowed.policy, ratio, reason)


def _beside_noise(verdict: Verdict, measured: Measured, policy: NoisePolicy) -> Verdict:
    """Whoever wrote the bound for what is zero in theory did not know the weights: noise may be beyond it."""
    if verdict.status != "diverged" or measured.error_l2 is None or measured.difference.nonfinite:
        return verdict
    if not measured.noise_l2 or _by_noise(measured, policy).status != "aligned":
        return verdict
    why = f"the reference's own noise is up to {figure(measured.noise_max or 0.0)}, so it may be rounding"
    return replace(verdict, status="inconclusive", reason=f"{verdict.reason}; {why}")


def _by_limit(measured: Measured, limit: float) -> Verdict:
    found = measured.difference
    if found.max_abs == 0:
        return _verdict("metric", 0.0, f"the metrics are equal; {passing(found)}")
    ratio = found.pass_rtol / limit
    error = f"{_error(measured)} {worst_place(found)}"
    reason = f"{error}, {times(ratio)} times the allowed {scientific(limit)}; {passing(found)}"
    return _verdict("metric", ratio, reason)


def _by_noise(measured: Measured, policy: NoisePolicy) -> Verdict:
    noise = NoiseFigures.of(measured)
    allowed_l2, allowed_max = allowances(measured, policy)
    by_l2, by_max = _over(noise.error_l2, allowed_l2), _over(noise.error_max, allowed_max)
    ratio = max(by_l2, by_max)
    if noise.error_l2 == noise.error_max == 0:
        return _verdict("noise", 0.0, f"no error at all; {passing(measured.difference)}")
    said = _compared(_error(measured), measured.error, measured.noise or 0.0)
    if by_l2 < by_max:
        worst = f"its worst element is off by {figure(noise.error_max)}"
        said += f"; {_compared(worst, noise.error_max, noise.max)}"
    if measured.typical:
        said += f", for a gradient that is zero in theory among others of about {figure(measured.typical)}"
    basis = f" (estimated from {measured.error_samples} samples)" if measured.error_samples else ""
    place = f", worst {worst_place(measured.difference)}" if ratio > 1 else ""
    reason = f"{said}{basis}, {times(ratio)} times what is allowed{place}; {passing(measured.difference)}"
    return _verdict("noise", ratio, reason)


class NoiseFigures(NamedTuple):
    """The four figures that the noise policy weighs."""

    l2: float
    max: float
    error_l2: float
    error_max: float

    @classmethod
    def of(cls, measured: Measured) -> NoiseFigures:
        """Those of a tensor that has a truth."""
        figures = (measured.noise_l2, measured.noise_max, measured.error_l2, measured.error_max)
        return cls(*(value or 0.0 for value in figures))


def allowances(measured: Measured, policy: NoisePolicy) -> tuple[float, float]:
    """How large the candidate's error may be: in l2, and of the worst element.

    What is zero in theory has no size of its own that rounding could be a share of; for a gradient the size
    of the others stands in, since it is a sum of products of the like that cancel.

    A sum of n terms is uncertain by about the root of n in its last places, whatever the order: the
    reference's own may have come out right by luck.

    An estimate from samples may by chance hold the one element in which a sparse tensor has its noise:
    so there one element with the largest noise is allowed on top.
    """
    noise = NoiseFigures.of(measured)
    few = 1 + policy.few / max(1, measured.size)
    stray = math.sqrt(measured.size / measured.error_samples) * noise.max if measured.error_samples else 0.0
    ulps = policy.zero_ulps if measured.typical else policy.ulps
    rounding = max(ulps, math.sqrt(measured.terms)) * measured.eps
    size_l2 = measured.truth_l2 or measured.typical * math.sqrt(measured.size)
    size_max = measured.truth_absmax or measured.typical
    flushed = 0.0 if measured.integer else _SMALLEST
    l2 = policy.factor * math.hypot(noise.l2, stray) + rounding * size_l2
    worst = policy.max_factor * noise.max + rounding * size_max
    return few * l2 + flushed * math.sqrt(measured.size), few * worst + flushed


def _over(error: float, allowed: float) -> float:
    if error == 0:
        return 0.0
    return error / allowed if allowed > 0 else math.inf


def _compared(error_in_words: str, error: float, noise: float) -> str:
    if noise == 0:
        return f"{error_in_words}, where the reference has no noise"
    return f"{error_in_words}, {times(error / noise)} times the reference's own noise {scientific(noise)}"
