"""Each planted mistake is found, located and explained; another rounding is no mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.alignment import Alignment
from harness.flows import explain
from harness.flows.compare import compare_live
from harness.flows.comparison import comparison
from harness.flows.request import CompareRequest
from harness.pairs.base import Mode
from harness.progress import Silent
from tests.mutants.pairs import MUTANTS, SOUND, Mutant

pytestmark = [pytest.mark.torch, pytest.mark.jittor]
IN_THE_GATE = ("transposed_kernel",)


def compared(model: str, variant: str, folder: Path, mode: Mode = "eval") -> Alignment:
    """A comparison with layers run alone and every source explained."""
    request = CompareRequest(
        model=model,
        variant=variant,
        mode=mode,
        input_size=(64, 64),
        output=folder / "run",
        keep="none",
        isolated="always",
    )
    with comparison(request, Silent()) as live:
        found = compare_live(live)
        explain.add_causes(found)
    return found.alignment


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(mutant, id=mutant.name, marks=() if mutant.name in IN_THE_GATE else pytest.mark.slow)
        for mutant in MUTANTS
    ],
)
def test_mistake_is_found_where_it_is_and_explained(mutant: Mutant, tmp_path: Path) -> None:
    model = f"tests.mutants.pairs:{mutant.name.upper()}"
    alignment = compared(model, mutant.variant, tmp_path, mutant.mode)
    assert alignment.verdict == "diverged"
    assert alignment.first == mutant.first, alignment.sentence
    assert len(alignment.sources) == 1, alignment.sentence
    (source,) = alignment.sources
    assert mutant.layer in source.layers
    assert mutant.cause in source.cause


@pytest.mark.slow
@pytest.mark.parametrize("name", ["l2sknet", *(f"tests.mutants.pairs:{name.upper()}" for name in SOUND)])
def test_sound_port_raises_no_alarm(name: str, tmp_path: Path) -> None:
    alignment = compared(name, "L2SKNet_UNet", tmp_path)
    assert alignment.verdict == "aligned", alignment.sentence
    assert not alignment.sources
