"""Whole flows: compare, record, diff, goldens, and proving a reference equal to its upstream."""

from __future__ import annotations

from harness.flows.compare import compare
from harness.flows.diff import diff
from harness.flows.pin import PinResult, pin_verify
from harness.flows.record import golden_record, golden_verify, record
from harness.flows.request import CompareRequest

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
