"""What a model drops at random is switched off on both sides, so that a faulty port cannot hide in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from harness import flows
from harness.alignment import Alignment
from harness.flows.comparison import Workers
from harness.progress import Silent

pytestmark = pytest.mark.torch
Compare = Callable[[str], Alignment]


@pytest.fixture
def compare(tmp_path: Path) -> Iterator[Compare]:
    """A comparison of one variant in training, both sides in this process."""
    from tests.mutants.side_by_side import OwnPort, lend_workers

    with lend_workers("cpu", 60.0, OwnPort) as held:

        def run(variant: str) -> Alignment:
            request = flows.CompareRequest(
                model="tests.mutants.random.pair:PAIR",
                variant=variant,
                mode="train",
                output=tmp_path / "run",
                keep="none",
            )
            return flows.compare(request, Silent(), workers=cast(Workers, held))

        yield run


@pytest.mark.parametrize("variant", ["encoder", "recurrent", "functional"])
def test_a_sound_port_that_drops_is_aligned(variant: str, compare: Compare) -> None:
    alignment = compare(variant)
    assert alignment.verdict == "aligned", alignment.sentence
    assert alignment.observer["torch"]["bitwise"]
    assert alignment.coverage["weak"] == []
    assert alignment.attributes == []


@pytest.mark.parametrize("variant", ["encoder relu", "encoder scaled", "encoder eps", "functional scale"])
def test_a_fault_beside_dropout_is_found(variant: str, compare: Compare) -> None:
    alignment = compare(variant)
    assert alignment.verdict == "diverged", alignment.sentence
