"""Untrusted values in a few letters: right for small ones, bounded for any."""

from __future__ import annotations

from typing import Any

import pytest

from weight_convert.shown import shown, shown_name


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("conv", "'conv'"),
        ("a\x1b\n", r"'a\x1b\n'"),
        ("\ud800", r"'\ud800'"),
        ("x" * 100, repr("x" * 60) + "..."),
        (b"ab", "b'ab' (2 bytes)"),
        (memoryview(bytes(1000)), f"{bytes(16)!r} (1,000 bytes)"),
        (7, "7"),
        (True, "True"),
        (None, "None"),
        (0.5, "0.5"),
        (1 << 5000, "an integer of 5,001 bits"),
        ([1], "a list"),
    ],
)
def test_values_are_reported_shortly(value: Any, expected: str) -> None:
    assert shown(value) == expected


def test_a_tuple_that_never_ends_is_reported_at_once() -> None:
    value: Any = ()
    for _ in range(200):
        value = (value, value)
    assert shown(value) == "a tuple"


def test_names_lose_what_steers_a_terminal() -> None:
    assert shown_name("a\x1b[31m\ud800") == "a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}"
    assert shown_name("y" * 90, 80) == "y" * 80 + "..."
