"""Whole flows: compare, record, diff, goldens, and proving a reference equal to its upstream."""

from __future__ import annotations

from harness.runs.compare import compare
from harness.runs.diff import diff
from harness.runs.pin import PinResult, pin_verify
from harness.runs.record import golden_record, golden_verify, record
from harness.runs.request import CompareRequest

__all__ = [
    "CompareRequest",
    "PinResult",
    "compare",
    "diff",
    "golden_record",
    "golden_verify",
    "pin_verify",
    "record",
]
