"""Each planted mistake is found, and found where it was planted."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import runs
from harness.progress import Silent
from tests.mutants.pairs import MUTANTS, Mutant


@pytest.mark.torch
@pytest.mark.jittor
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mistake_is_found_where_it_is(mutant: Mutant, tmp_path: Path) -> None:
    request = runs.CompareRequest(
        model=f"tests.mutants.pairs:{mutant.name.upper()}",
        variant=mutant.variant,
        mode=mutant.mode,
        input_size=(64, 64),
        output=tmp_path / "run",
        keep="none",
        local="never",
    )
    alignment = runs.compare(request, Silent())
    assert alignment.verdict == "diverged"
    assert alignment.first == mutant.first, alignment.sentence
    if mutant.names_attribute:
        assert mutant.names_attribute in alignment.sentence
