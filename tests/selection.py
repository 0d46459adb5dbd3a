"""Which tests run unasked: those of the gate. `--slow` adds the rest."""

from __future__ import annotations

import pytest

LEFT_OUT = ("slow", "gpu", "benchmark_only")
EVERY_VARIANT = "every_variant"  # runs where its folder is named on the command line: it compiles for long


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
    marks = LEFT_OUT if named else (*LEFT_OUT, EVERY_VARIANT)
    left_out = [item for item in items if any(map(item.get_closest_marker, marks))]
    if left_out:
        config.stash[COUNT] = len(left_out)
        config.hook.pytest_deselected(items=left_out)
        kept = set(items) - set(left_out)
        items[:] = [item for item in items if item in kept]


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say how many tests are left out, and how to run them."""
    count = config.stash.get(COUNT, 0)
    return [f"left out as {', '.join(LEFT_OUT)}: {count}; --slow runs them too"] if count else []


COUNT = pytest.StashKey[int]()
