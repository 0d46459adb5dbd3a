"""Figures in words, the same in every verdict."""

from __future__ import annotations

import math

from harness.numerics import Difference


def figure(value: float) -> str:
    """A number with two significant digits."""
    return f"{value:.2g}"


def ceiling(value: float) -> str:
    """A number rounded up to two significant digits, so that as a tolerance it still passes."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    text = f"{value:.1e}"
    if float(text) < value:
        mantissa, exponent = text.split("e")
        text = f"{float(f'{float(mantissa) + 0.1:.1f}e{exponent}'):.1e}"
    return text


def passing(found: Difference) -> str:
    """The tolerance that would pass: relative with no absolute part where one below 1 does, and absolute."""
    if found.nonfinite:
        return "no tolerance would pass"
    if found.pass_atol == 0:
        return "any tolerance would pass"
    absolute = f"atol {ceiling(found.pass_atol)} would pass"
    return absolute if found.pass_rtol >= 1 else f"rtol {ceiling(found.pass_rtol)} with atol 0, or {absolute}"


def worst_place(found: Difference) -> str:
    """The place of the worst element and its two values, with enough digits to see the difference."""
    if found.worst is None or found.worst_reference is None or found.worst_candidate is None:
        return "nowhere"
    texts = ("", "")
    for digits in (4, 6, 9, 17):
        texts = f"{found.worst_candidate:.{digits}g}", f"{found.worst_reference:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return f"at {list(found.worst)}: {texts[0]} instead of {texts[1]}"
