"""The search for the largest batch, and real processes with little and with much room."""

from __future__ import annotations

import pytest

from harness import pairs
from harness.case import Case
from harness.flows.largest_batch import Attempt, largest_batch, search
from harness.progress import Silent
from tests import ROOT

TINY = str(ROOT / "examples" / "tiny" / "tiny_pair.py")


@pytest.mark.parametrize("first", [1, 2, 3])
@pytest.mark.parametrize("most", [0, 1, 2, 3, 5, 8, 17, 100])
def test_the_search_finds_the_largest_that_fits(most: int, first: int) -> None:
    tried: list[int] = []

    def attempt(batch: int) -> Attempt:
        tried.append(batch)
        return Attempt(10 * batch) if batch <= most else Attempt(0, "too much")

    fits, peak, refused, why = search(attempt, first)
    expected = most if most >= first else 0
    assert (fits, peak) == (expected, 10 * expected)
    assert (refused, why) == (max(expected + 1, first), "too much")
    assert len(tried) == len(set(tried))
    assert len(tried) <= 20


def test_the_search_ends_where_everything_fits() -> None:
    fits, _, refused, why = search(lambda batch: Attempt(1), 1)
    assert (fits, refused, why) == (1 << 16, 0, "larger ones were not tried")


@pytest.mark.torch
def test_nothing_fits_into_nothing() -> None:
    case = Case(TINY, "small", mode="train", size=(256, 256))
    found = largest_batch(pairs.find(TINY), case, "torch", 1 << 20, 120.0, Silent())
    assert (found.batch, found.refused) == (0, 1)
    assert "MiB" in found.why


@pytest.mark.slow
@pytest.mark.torch
def test_a_larger_limit_holds_a_larger_batch() -> None:
    pair, case = pairs.find(TINY), Case(TINY, "small", mode="train", size=(256, 256))
    found = largest_batch(pair, case, "torch", 160 << 20, 120.0, Silent())
    assert found.batch >= 1
    assert found.peak <= found.limit
    assert found.refused > found.batch
