"""Mistakes as edits of a port's text: every one is found between two processes, and its place is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from harness.flows.comparison import Workers
from harness.flows.together import lend_workers
from harness.pairs.base import Mode
from tests.mutants.edited.edit import MODELS, Edit, text_of
from tests.mutants.edited.measure import judged, measured
from tests.mutants.edited.pair import EDITS

pytestmark = [pytest.mark.torch, pytest.mark.jittor]


def test_every_edit_fits_one_place_of_its_port() -> None:
    assert {edit.full_name: text_of(edit.port).count(edit.old) for edit in EDITS} == {
        edit.full_name: 1 for edit in EDITS
    }


def test_names_are_of_one_edit_and_ports_have_several_kinds() -> None:
    assert len({edit.full_name for edit in EDITS}) == len(EDITS)
    counts = Counter(edit.port for edit in EDITS if not edit.port.startswith(MODELS))
    assert len(counts) == 10
    assert min(counts.values()) >= 3


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Both sides, for all edits."""
    with lend_workers("cpu", 300.0) as lent:
        yield lent


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "mode"),
    [
        pytest.param(edit, mode, id=f"{edit.full_name}-{mode}")
        for edit in EDITS
        if not edit.port.startswith(MODELS)
        for mode in edit.modes
    ],
)
def test_an_edit_of_a_small_pair_is_found_and_no_wrong_cause_named(
    edit: Edit, mode: Mode, workers: Workers
) -> None:
    row = judged(measured(edit, mode, workers))
    assert row["verdict"] != "aligned", row["sentence"]
    assert not row["wrong"], row["sources"]
