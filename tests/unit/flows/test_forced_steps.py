"""What is said of a forced step that decides nothing."""

from __future__ import annotations

import dataclasses

from harness.flows.forced_steps import why_undecided
from tests.unit.reports import samples


def test_rounding_that_drowns_tensors_is_the_cause_and_names_what_to_do() -> None:
    alignment = samples.alignment([samples.row("grad:a.weight", 0), samples.row("grad:b.weight", 1)])
    weak = dataclasses.replace(alignment.coverage, weak=["grad:b.weight"], compared={"grad": 2})
    said = why_undecided(dataclasses.replace(alignment, coverage=weak))
    assert "above 10% in 1 of 2 tensors" in said
    assert "larger --batch or --input-size" in said


def test_where_nothing_is_drowned_the_sentence_of_the_step_says_it() -> None:
    alignment = samples.alignment([samples.row("grad:a.weight", 0)])
    silent = dataclasses.replace(alignment.coverage, weak=[])
    assert why_undecided(dataclasses.replace(alignment, coverage=silent)) == ""
