"""What the tests of flows share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.flows.together import lend_workers
from harness.session import Worker


@pytest.fixture(scope="module")
def workers() -> Iterator[dict[str, Worker]]:
    """Workers of both sides, for all tests of a file."""
    with lend_workers("cpu", 600) as lent:
        yield lent
