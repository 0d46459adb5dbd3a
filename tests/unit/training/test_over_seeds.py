"""What several trainings say together."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from harness.errors import ALIGNED, DIVERGED, INCONCLUSIVE, BadInput
from harness.training.log import NAME, Training, TrainingLog
from harness.training.over_seeds import OverSeeds, judged
from harness.training.records import End, Epoch, Record
from reports import seeds as drawn
from reports.sheet import Sheet
from tests.unit.training import samples


def training(folder: Path, reference: list[float], port: list[float], verdict: str = "aligned") -> Training:
    """A training whose epochs had these metrics."""
    folder.mkdir(parents=True)
    records: list[Record] = [samples.start()]
    for number, (one, other) in enumerate(zip(reference, port, strict=True)):
        figures = {"torch": {"IoU": one}, "jittor": {"IoU": other}}
        each = {"torch": [one, one, 0.0], "jittor": [other, other, 0.0]}
        records.append(Epoch(number, 10 * (number + 1), "val", figures, each))
    records.append(End(10, "done", verdict, "said"))  # type: ignore[arg-type]
    with TrainingLog(folder / NAME) as log:
        for record in records:
            log.write(record)
    return Training.load(folder)


def over(
    folder: Path, pairs: list[tuple[float, float]], verdict: str = "aligned", margin: float = 0.05
) -> OverSeeds:
    """Trainings that end with these metrics, after a better epoch."""
    made = [
        training(folder / str(n), [one + 0.1, one], [other + 0.2, other], verdict)
        for n, (one, other) in enumerate(pairs)
    ]
    return judged(folder, made, margin)


def test_metrics_that_agree_over_seeds_are_equivalent(tmp_path: Path) -> None:
    found = over(tmp_path, [(0.700, 0.701), (0.702, 0.700), (0.698, 0.699)])
    assert found.last[0].verdict == "equivalent"
    assert found.exit_code == ALIGNED
    assert found.best[0].difference == pytest.approx(0.1)
    assert found.best[0].verdict == "different"


def test_metrics_that_differ_are_different_and_few_seeds_decide_nothing(tmp_path: Path) -> None:
    assert over(tmp_path / "a", [(0.70, 0.50), (0.71, 0.51)]).exit_code == DIVERGED
    assert over(tmp_path / "b", [(0.70, 0.75), (0.71, 0.60)]).exit_code == INCONCLUSIVE


def test_a_forced_step_that_diverged_stays_a_verdict(tmp_path: Path) -> None:
    assert over(tmp_path, [(0.7, 0.7), (0.7001, 0.7)], verdict="diverged").exit_code == DIVERGED


def test_without_an_epoch_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no epoch came to its end"):
        judged(tmp_path, [training(tmp_path / "x", [], [])], 0.01)


def test_it_is_drawn_and_written_as_json(tmp_path: Path) -> None:
    found = over(tmp_path, [(0.700, 0.701), (0.702, 0.700), (0.698, 0.699)])
    out = io.StringIO()
    drawn.draw(found, Sheet(out, width=90, colours=False))
    text = out.getvalue()
    assert "3 seeds, after the last epoch:" in text
    assert "equivalent" in text
    assert "churn: port and reference disagree on 0% of 3 samples" in " ".join(text.split())
    plain = json.loads(json.dumps(drawn.document(found), allow_nan=False))
    assert plain["last"][0]["verdict"] == "equivalent"
    assert plain["exit_code"] == 0
