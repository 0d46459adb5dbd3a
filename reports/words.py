"""Figures and names in the form in which every report shows them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rich.cells import cell_len

from harness.language import tr

GAP = "…"


def shorten(text: str, width: int) -> str:
    """At most `width` letters: the middle is left out, since both ends of a path matter most."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return GAP[:width]
    width -= (cell_len(text) - len(text)) * width // cell_len(text)  # some letters are two columns wide
    tail = (width - 1) * 3 // 5
    return text[: width - 1 - tail] + GAP + text[len(text) - tail :]


def figure(value: float | None) -> str:
    """A metric, in four digits."""
    return "-" if value is None else f"{value:.4g}"


def seconds(value: float | None) -> str:
    """A duration, in the unit that suits it."""
    if value is None:
        return "-"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 100 else f"{value / 60:.1f} min"


def size(shape: Iterable[int]) -> str:
    """A shape: 1x3x64x64, or `scalar`."""
    return "x".join(str(length) for length in shape) or tr("scalar")


def count(number: int, thing: str) -> str:
    """`1 layer`, `2 layers`; another language has one word for both."""
    said = tr(thing)
    if said != thing:
        return f"{number} {said}"
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def bits(error: float | None) -> str:
    """How many bits of the mantissa agree, of a relative error: float32 has 24."""
    if error is None or math.isnan(error):
        return "-"
    return tr("all") if error == 0 else f"{max(0.0, -math.log2(error)):.1f}"
