"""A name is found whatever its case and its hyphens; what could be two is none."""

from __future__ import annotations

import pytest

from harness.spelling import meant, nearest, perhaps

VARIANTS = ("s", "s_deployed", "S_atss", "v1_1", "v11")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("s", "s"),
        ("S", "s"),
        ("S-Deployed", "s_deployed"),
        ("sdeployed", "s_deployed"),
        ("s_atss", "S_atss"),
        ("v1-1", "v1_1"),
        ("V11", "v11"),
        ("s_deployd", None),
        ("", None),
    ],
)
def test_a_name_is_found_by_what_it_says(typed: str, found: str | None) -> None:
    assert meant(typed, VARIANTS) == found


def test_the_exact_name_wins_and_two_that_are_alike_are_none() -> None:
    assert meant("a_b", ("a-b", "a_b")) == "a_b"
    assert meant("A_B", ("a-b", "a_b")) is None
    assert perhaps("A_B", ("a-b", "a_b", "c")) == " (perhaps a-b or a_b?)"


def test_the_nearest_come_first_and_what_is_far_from_all_has_none() -> None:
    assert nearest("S-Deployd", VARIANTS)[0] == "s_deployed"
    assert perhaps("completely else", VARIANTS) == ""
