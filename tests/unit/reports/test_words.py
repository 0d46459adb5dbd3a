from __future__ import annotations

import math

import pytest

from harness import figures
from reports import words


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("abc", 3, "abc"),
        ("abcdefghij", 7, "abc…hij"),
        ("abcdefghij", 8, "abc…ghij"),
        ("abcdefghij", 1, "…"),
        ("abcdefghij", 0, ""),
        ("abcdefghij", 2, "a…"),
    ],
)
def test_shorten(text: str, width: int, short: str) -> None:
    assert words.shorten(text, width) == short
    assert len(short) <= width


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0"),
        (0.0, "0"),
        (1.26e-5, "1.3e-05"),
        (math.inf, "inf"),
        (math.nan, "nan"),
        (250.0, "2.5e+02"),
    ],
)
def test_scientific(value: float | None, text: str) -> None:
    assert figures.scientific(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0.00"), (0.756, "0.76"), (12.4, "12"), (123456.0, "1.2e+05"), (math.inf, "inf")],
)
def test_ratio(value: float | None, text: str) -> None:
    assert figures.ratio(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0.0123, "12 ms"), (1.0, "1.0 s"), (99.94, "99.9 s"), (150.0, "2.5 min")]
)
def test_seconds(value: float | None, text: str) -> None:
    assert words.seconds(value) == text


def test_shapes_and_counts() -> None:
    assert words.size((1, 3, 64, 64)) == "1x3x64x64"
    assert words.size(()) == "scalar"
    assert words.count(1, "layer") == "1 layer"
    assert words.count(0, "layer") == "0 layers"
