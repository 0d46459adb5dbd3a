"""The judgement of a training's own run from its log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.training.free_run import free_run, suspicion
from harness.training.log import NAME, Training, TrainingLog
from harness.training.records import OwnStep, Record, Step, Twin
from tests.unit.training import samples


def logged(folder: Path, records: list[Record]) -> Training:
    """A training of these records."""
    with TrainingLog(folder / NAME) as file:
        for record in records:
            file.write(record)
    return Training.load(folder)


def test_a_port_like_its_twins_is_chaos_in_loss_and_weights(tmp_path: Path) -> None:
    found = free_run(logged(tmp_path, samples.records()))
    assert [one.what for one in found] == ["loss", "weights"]
    assert [one.status for one in found] == ["chaos", "chaos"]
    assert [len(one.gap) for one in found] == [40, 40]


def test_a_port_that_leaves_its_twins_is_suspect(tmp_path: Path) -> None:
    records = [
        samples.step(record.step, gap=0.01) if isinstance(record, Step) and record.step >= 20 else record
        for record in samples.records()
    ]
    found = free_run(logged(tmp_path, records))
    assert [(one.status, one.outside) for one in found] == [("suspect", 20), ("suspect", 20)]


def test_steps_that_a_twin_has_not_reached_are_left_out(tmp_path: Path) -> None:
    records = [
        record
        for record in samples.records()
        if not (isinstance(record, Twin) and record.twin == 1 and record.step >= 12)
    ]
    assert [len(one.gap) for one in free_run(logged(tmp_path, records))] == [12, 12]


@pytest.mark.parametrize("twins", [0, 1])
def test_without_twins_nothing_is_said(twins: int, tmp_path: Path) -> None:
    found = free_run(logged(tmp_path, samples.records(twins=twins)))
    assert {one.status for one in found} == {"inconclusive"}


def test_a_second_run_of_the_port_that_stays_inside_clears_it(tmp_path: Path) -> None:
    records = samples.records()
    wild = [
        samples.step(record.step, gap=0.01) if isinstance(record, Step) and record.step >= 20 else record
        for record in records
    ]
    for place, (gap, status) in enumerate(((0.0, "chaos"), (0.01, "suspect"))):
        second = [
            Twin("jittor", 0, n, samples.step(n, gap=gap).sides["jittor"].loss, gap * 10) for n in range(40)
        ]
        folder = tmp_path / str(place)
        folder.mkdir()
        assert {one.status for one in free_run(logged(folder, wild + second))} == {status}


@pytest.mark.parametrize(
    ("verdicts", "slots", "status"),
    [
        ({20: "aligned"}, 0.001, "chaos"),
        ({20: "diverged"}, 0.001, "suspect"),
        ({20: "inconclusive"}, 0.001, "suspect"),
        ({20: "aligned"}, 1.0, "suspect"),  # what it remembered is lost
        ({18: "aligned", 19: "aligned"}, 0.001, "suspect"),  # broken off
    ],
)
def test_steps_that_are_right_from_where_the_port_is_clear_it(
    verdicts: dict[int, Any], slots: float, status: str, tmp_path: Path
) -> None:
    wild = [
        samples.step(one.step, gap=0.01) if isinstance(one, Step) and one.step >= 20 else one
        for one in samples.records()
    ]
    (tmp_path / "before").mkdir()
    assert suspicion(free_run(logged(tmp_path / "before", wild))) == (20, 20)  # step 19 was inside
    own = [OwnStep(step, verdict, slots) for step, verdict in verdicts.items()]
    found = free_run(logged(tmp_path, wild + own))
    assert {one.status for one in found} == {status}
    assert (suspicion(found) is None) == (status == "chaos")


def test_a_log_without_a_step_has_no_judgement(tmp_path: Path) -> None:
    assert free_run(logged(tmp_path, [samples.start()])) == []
