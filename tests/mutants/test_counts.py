"""A stage that runs another number of times is named, also where all that it returns agrees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.alignment import Alignment
from tests.mutants import in_this_process
from tests.mutants.counts.pair import FAULTS

pytestmark = pytest.mark.torch
SOUND = ("", "Copied")
# What every source is told, and what none is.
TOLD: dict[str, tuple[str, str]] = {
    "Again": (
        r"^stage runs 2 times in the port, once in the reference: state:stage\.1\.\S+ is .*2 times",
        "detach",
    ),
    "ForNothing": (
        r"^stage runs 2 times in the port, once in the reference: state:",
        "detach|momentum 0\\.19$",
    ),
    "Once": ("^twin runs once in the port, 2 times in the reference", "detach|twice"),
    "Detached": ("without the part of right: that branch is detached", "runs"),
}


def explained(fault: str, folder: Path) -> Alignment:
    """One variant, with its causes."""
    return in_this_process.explained(
        "tests.mutants.counts.pair:PAIR", fault or "sound", "train", folder / "run"
    )


def test_every_fault_has_its_words() -> None:
    assert {*TOLD, *SOUND} == set(FAULTS)


@pytest.mark.parametrize("fault", SOUND)
def test_a_sound_port_has_no_source(fault: str, tmp_path: Path) -> None:
    found = explained(fault, tmp_path)
    assert (found.verdict, found.sources) == ("aligned", []), found.sentence


@pytest.mark.parametrize("fault", TOLD)
def test_what_was_done_is_told_of_every_source_and_nothing_else(fault: str, tmp_path: Path) -> None:
    right, wrong = TOLD[fault]
    sources = explained(fault, tmp_path).sources
    causes = [source.cause for source in sources]
    assert causes
    assert all(re.search(right, cause) for cause in causes), [one.address for one in sources] + causes
    assert not [cause for cause in causes if re.search(wrong, cause)]
