from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from harness.alignment import Alignment
from harness.bench.result import Memory
from harness.errors import BadInput
from harness.training.log import Training
from harness.training.records import Finding
from reports import write_changes
from reports.changes import Changes, RowChange, changes, document, headline, html, markdown
from reports.judged import Result, held
from tests.unit.bench.samples import made as measured
from tests.unit.bench.samples import several
from tests.unit.evaluating.samples import made
from tests.unit.reports import samples
from tests.unit.reports.test_html import Page
from tests.unit.reports.test_training import logged
from tests.unit.training import samples as trainings

BEFORE = {"a": 1e-6, "b": 1e-3, "c": 1e-6, "d": 2e-6, "e": 1e-3, "gone": 1e-6}
AFTER = {"a": 1e-3, "b": 1e-6, "c": 1.9e-6, "d": 5e-7, "e": 1e-2, "new": 1e-6}


def of(errors: dict[str, float]) -> Alignment:
    places = enumerate(errors.items())
    return samples.alignment([samples.row(f"layer:{name}#0:out", n, error) for n, (name, error) in places])


def names(group: list[RowChange]) -> list[str]:
    return [change.name[6:-6] for change in group]


def between(before: Result, after: Result) -> Changes:
    return changes(held(before), held(after))


def test_each_tensor_is_told_once_where_it_belongs() -> None:
    found = between(of(BEFORE), of(AFTER))
    assert names(found.newly_failing) == ["a"]
    assert names(found.newly_passing) == ["b"]
    assert names(found.drifting) == ["e", "d"]
    assert (names(found.appeared), names(found.vanished)) == (["new"], ["gone"])
    assert found.same == 2  # c, and the row that only the reference has
    assert headline(found) == "1 newly failing, 1 newly passing, 2 drifting, 2 the same"


def test_an_alignment_did_not_change_from_itself() -> None:
    found = between(of(BEFORE), of(BEFORE))
    assert found.same == len(BEFORE) + 1
    assert not any(group for _, group in found.groups())


def test_a_tensor_that_is_no_longer_compared_fails() -> None:
    after = of(BEFORE)
    after.rows[0] = samples.missing("layer:a#0:out", 0)
    assert names(between(of(BEFORE), after).newly_failing) == ["a"]


@pytest.mark.parametrize("value", [0.0, math.inf, math.nan])
def test_any_error_is_sorted_and_written(value: float, tmp_path: Path) -> None:
    write_changes(of(BEFORE), of({**AFTER, "c": value}), tmp_path / "r.json")
    json.loads((tmp_path / "r.json").read_text())
    write_changes(of({**BEFORE, "c": value}), of(AFTER), tmp_path / "r.html")


def test_the_forms(tmp_path: Path) -> None:
    page = Page(html(of(BEFORE), of(AFTER)))
    assert page.text["h1"] == ["1 newly failing, 1 newly passing, 2 drifting, 2 the same"]
    assert page.text["h2"][0] == "Newly failing: 1"
    assert len(page.of("caption")) == len(page.of("table")) == 5
    assert not page.of("script")
    text = markdown(of(BEFORE), of(AFTER))
    assert "| `layer:a#0:out` | aligned | diverged | relative error | 1.0e-06 | 1.0e-03 |" in text
    with pytest.raises(BadInput, match="a report ends in one of"):
        write_changes(of(BEFORE), of(AFTER), tmp_path / "r.xml")


def trained(folder: Path, **more: object) -> Training:
    folder.mkdir()
    return logged(folder, trainings.records(**more))


def test_two_trainings(tmp_path: Path) -> None:
    good, wild = trained(tmp_path / "good"), trained(tmp_path / "wild")
    first = good.forced[0]
    row = replace(first.rows[0], status="diverged", ratio=40.0)
    wild.forced[0] = replace(first, verdict="diverged", rows=[row])
    wild.epochs[-1] = replace(
        wild.epochs[-1], metrics={"torch": {"IoU": 0.97499, "loss": 1.0}, "jittor": {"IoU": 0.9, "loss": 1.0}}
    )
    wild.findings.append(Finding(3, "jittor", "loss:loss", "it is not finite"))
    wild.end = replace(wild.end, verdict="diverged")
    found = between(good, wild)
    assert {one.name for one in found.newly_failing} == {"the whole training", "findings", "forced step 0"}
    assert [one.name for one in found.drifting] == ["IoU of the last epoch, jittor"]
    assert not found.newly_passing + found.appeared + found.vanished
    assert len(between(wild, good).newly_passing) == 3
    assert headline(between(good, good)).startswith("0 newly failing, 0 newly passing, 0 drifting")


def test_a_training_whose_own_run_leaves_the_band_fails_there(tmp_path: Path) -> None:
    good, wild = trained(tmp_path / "good"), trained(tmp_path / "wild")
    for place, step in enumerate(wild.steps[5:], start=5):
        sides = {"torch": step.sides["torch"], "jittor": replace(step.sides["jittor"], losses={"loss": 0.5})}
        wild.steps[place] = replace(step, sides=sides)
    assert "Gap in the loss" in {one.name for one in between(good, wild).newly_failing}


def test_two_evaluations() -> None:
    found = between(made(), made(0.75, 30.0))
    assert {one.name for one in found.newly_failing} == {"the whole evaluation", "mIoU", "sample n|2"}
    assert [(one.name, one.factor) for one in found.drifting] == [("mIoU, jittor", pytest.approx(0.9375))]
    within = between(made(), made(0.805))  # the limit is a hundredth of the value
    assert not within.drifting


def test_two_measurements() -> None:
    """The rounds decide: a change within their spread is none."""
    steady, slower = measured([2.0, 2.01, 1.99, 2.0]), measured([2.2, 2.21, 2.19, 2.2])
    unsure = measured([1.5, 3.0, 2.0, 2.6])
    faster = measured([0.5, 0.51, 0.5, 0.49])
    assert [one.name for one in between(steady, slower).drifting] == ["eval, batch 4, 64x64, jittor / torch"]
    assert not between(steady, unsure).drifting
    assert len(between(steady, faster).newly_passing) == 1
    assert len(between(faster, slower).newly_failing) == 1
    row = slower.rows[0]
    heavy = replace(row, second=replace(row.second, memory=Memory(300 << 20, None)))
    found = between(slower, replace(slower, rows=[heavy]))
    assert [(one.name, one.factor) for one in found.drifting] == [(f"{row.key}: peak of memory, jittor", 3.0)]


def test_every_kind_has_every_form(tmp_path: Path) -> None:
    pairs = [
        (trained(tmp_path / "a"), trained(tmp_path / "b", gap=1.0)),
        (made(), made(0.75, 30.0)),
        (measured([2.0, 2.01]), several()),
    ]
    for before, after in pairs:
        page = Page(html(before, after))
        assert page.text["h1"] == [headline(between(before, after))]
        assert len(page.text["dd"]) == 2
        assert len(page.of("caption")) == len(page.of("table")) >= 1
        assert markdown(before, after).startswith(f"**{headline(between(before, after))}**")
        assert json.loads(json.dumps(document(before, after), allow_nan=False))["same"] >= 1


def test_hostile_texts_stay_texts() -> None:
    text = html(samples.hostile(), samples.hostile())
    assert "<script>" not in text
    assert "\u202e" not in text
    parts = markdown(samples.hostile(), of(AFTER)).split("`")
    assert "<" not in "".join(parts[::2])
