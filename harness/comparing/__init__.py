"""Compares two traces: pairs their addresses, measures and judges each pair, and writes the sentence."""

from __future__ import annotations

from harness.comparing._compare import compare, conclude, judge_row, rejudge
from harness.comparing._evidence import evidence
from harness.comparing._inconclusive import randomness
from harness.comparing._inner import outside_agrees
from harness.comparing._isolated import add_isolated, paired_addresses
from harness.comparing._other_formula import differs_inside, needed, trials
from harness.comparing._places import in_order_of_computation, kind_of
from harness.comparing._provenance import side_reports
from harness.comparing._regrouped import needed_inputs
from harness.comparing._source_words import carries

__all__ = [
    "add_isolated",
    "carries",
    "compare",
    "conclude",
    "differs_inside",
    "evidence",
    "in_order_of_computation",
    "judge_row",
    "kind_of",
    "needed",
    "needed_inputs",
    "outside_agrees",
    "paired_addresses",
    "randomness",
    "rejudge",
    "side_reports",
    "trials",
]
