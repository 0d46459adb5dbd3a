"""What is claimed of layers in other orders, left out or called on something else is what was done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.alignment import Alignment
from harness.flows import find_causes
from tests.mutants import in_this_process
from tests.mutants.orders.pair import FAULTS

pytestmark = pytest.mark.torch
ORDER = "the order of"
# What one source is told, and what none is.
TOLD: dict[str, tuple[str, str]] = {
    "NormAfter": (f"{ORDER} norm and act is exchanged", "skipped"),
    "NormBeside": ("norm is not applied here", ORDER),
    "NormMuchLater": (rf"{ORDER} norm and \(model\)/add\.1 is exchanged", "skipped"),
    "BranchLeftOut": (r"add\.1 is skipped \(a sum is left out\)", f"{ORDER}|elsewhere"),
    "BranchAddedLater": (r"add\.1 is skipped \(a sum is left out\)", f"{ORDER}|elsewhere"),
    "NotGated": (r"mul\.0 is skipped \(a product is left out\)", f"{ORDER}|elsewhere"),
    "GatedAfter": (rf"{ORDER} \(model\)/mul\.0 and mix is exchanged", "skipped"),
    "SigmoidBefore": (rf"{ORDER} \(model\)/add\.2 and \(model\)/sigmoid\.0 is exchanged", "skipped"),
    "SigmoidOnceMore": ("what comes of sigmoid of", ORDER),
    "FirstGate": ("the first sample for every sample", "fitted"),
    "LengthOne": ("brought to length one .* along axis 1", "fitted"),
    "StepsTurned": ("the calls of cell run in the opposite order", "fewer"),
    "StepLeftOut": ("cell is called fewer times .* call number 1", ORDER),
    "ResizedAfter": (rf"{ORDER} \(model\)/interpolate\.0 and head is exchanged", "skipped"),
    "Smaller": (r"the smaller \(minimum\) of", ORDER),
}
PLACES = {
    "BranchLeftOut": "(model)/add.1",
    "NotGated": "(model)/mul.0",
    "Smaller": "(model)/maximum.0",
}


def explained(fault: str, folder: Path) -> Alignment:
    """One variant, with its causes."""
    return in_this_process.explained(
        "tests.mutants.orders.pair:PAIR", fault or "sound", "eval", folder / "run"
    )


def test_every_fault_has_its_words() -> None:
    assert set(TOLD) == set(FAULTS) - {""}


def test_a_sound_port_has_no_source(tmp_path: Path) -> None:
    assert explained("", tmp_path).sources == []


@pytest.mark.parametrize("fault", TOLD)
def test_what_was_done_is_told_and_nothing_else(fault: str, tmp_path: Path) -> None:
    right, wrong = TOLD[fault]
    causes = [source.cause for source in explained(fault, tmp_path).sources]
    assert any(re.search(right, cause) for cause in causes), causes
    assert not [cause for cause in causes if re.search(wrong, cause)]


@pytest.mark.parametrize("fault", PLACES)
def test_an_operation_that_the_port_lacks_is_a_place(fault: str, tmp_path: Path) -> None:
    (source,) = explained(fault, tmp_path).sources
    assert PLACES[fault] in source.layers


def test_what_comes_of_another_shape_is_no_source(tmp_path: Path) -> None:
    (source,) = explained("ResizedAfter", tmp_path).sources
    assert source.address == "layer:head#0:in.0"


def test_where_the_time_of_a_source_is_up_the_answer_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(find_causes, "_MOST_SECONDS", 0.0)
    monkeypatch.setattr(find_causes, "_LEAST_SECONDS", 0.0)
    (source,) = explained("Smaller", tmp_path).sources
    assert source.cause.startswith("none of 0 hypotheses")
    assert source.cause.endswith("the time was up before all were tried.")
