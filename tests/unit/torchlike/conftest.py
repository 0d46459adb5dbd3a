"""Every part is also tested without its C++ kernels, as it runs on a GPU.

Each part is an operator or two for Jittor to compile. The gate takes those that all models use;
`./run pytest --slow tests/unit/torchlike` runs all.
"""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
IN_THE_GATE = {"test_nodes.py", "test_norm.py", "test_optim.py", "test_state.py", "test_schedule.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what the gate leaves out."""
    for item in items:
        if item.path.parent == HERE and item.path.name not in IN_THE_GATE:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(params=["native", "operators"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which way the reductions and windows are computed."""
    if request.param == "operators":
        monkeypatch.setattr("ports_jittor.torchlike._kernels.native", lambda x: False)
    return str(request.param)
