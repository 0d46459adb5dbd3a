"""Figures in the form in which every text shows them."""

from __future__ import annotations

import math


def scientific(value: float | None) -> str:
    """A measure in two digits: an error is known no better."""
    if value is None:
        return "-"
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    return f"{value:.1e}"


def ratio(value: float | None) -> str:
    """How much of the allowance is used: 1 is the limit."""
    if value is None:
        return "-"
    if not math.isfinite(value) or value >= 1e4:
        return scientific(value)
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def percent(share: float) -> str:
    """A share in hundredths, rounded down: 100 % is all."""
    if not math.isfinite(share):
        return str(share)
    return f"{math.floor(share * 1000) / 10:g} %"
