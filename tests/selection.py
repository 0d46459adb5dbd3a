"""Which tests run unasked: those of the gate. `--slow` adds the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import pytest
from _pytest.mark import ParameterSet

LEFT_OUT = ("slow", "gpu", "benchmark_only")
EVERY_VARIANT = "every_variant"  # runs where its folder is named on the command line: it compiles for long

T = TypeVar("T")


def others_slow(values: Iterable[T], *kept: T) -> list[ParameterSet]:
    """Cases of a test, of which the gate runs the kept ones."""
    cases = list(values)
    assert not cases or set(kept) <= set(cases), "the gate keeps a case that does not exist"
    return [pytest.param(case, marks=() if case in kept else pytest.mark.slow) for case in cases]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The one way to ask for more."""
    parser.addoption(
        "--slow", action="store_true", help="also run the tests marked slow, gpu or benchmark_only"
    )


@pytest.hookimpl(trylast=True)  # a folder's own conftest may mark tests as slow
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the gate does not run."""
    if config.getoption("slow"):
        return
    named = any("alignment" in argument for argument in config.args)
    marks = {*LEFT_OUT} if named else {*LEFT_OUT, EVERY_VARIANT}
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (kept if marks.isdisjoint(mark.name for mark in item.iter_markers()) else left_out).append(item)
    if left_out:
        config.stash[COUNT] = len(left_out)
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say how many tests are left out, and how to run them."""
    count = config.stash.get(COUNT, 0)
    return [f"left out as {', '.join(LEFT_OUT)}: {count}; --slow runs them too"] if count else []


COUNT = pytest.StashKey[int]()
