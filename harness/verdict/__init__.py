"""Verdicts: a measured difference judged by a policy, with its reason in words.

Judging is a pure function of stored numbers: an alignment can be judged anew without any tensor.
"""

from __future__ import annotations

from harness.verdict._doubt import WEAK_ABOVE, is_noisy
from harness.verdict._judge import allowances, judge, override_for, tolerance
from harness.verdict._measured import Measured
from harness.verdict._policy import POLICIES, FixedPolicy, MetricPolicy, NoisePolicy, Policy, parse_policy
from harness.verdict._verdict import Status, Verdict

__all__ = [
    "POLICIES",
    "WEAK_ABOVE",
    "FixedPolicy",
    "Measured",
    "MetricPolicy",
    "NoisePolicy",
    "Policy",
    "Status",
    "Verdict",
    "allowances",
    "is_noisy",
    "judge",
    "override_for",
    "parse_policy",
    "tolerance",
]
