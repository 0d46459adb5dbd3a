from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from harness.alignment import Alignment
from harness.errors import BadInput
from reports import write_changes
from reports.changes import changes, headline, html, markdown
from tests.unit.reports import samples
from tests.unit.reports.test_html import Page

BEFORE = {"a": 1e-6, "b": 1e-3, "c": 1e-6, "d": 2e-6, "e": 1e-3, "gone": 1e-6}
AFTER = {"a": 1e-3, "b": 1e-6, "c": 1.9e-6, "d": 5e-7, "e": 1e-2, "new": 1e-6}


def of(errors: dict[str, float]) -> Alignment:
    places = enumerate(errors.items())
    return samples.alignment([samples.row(f"layer:{name}#0:out", n, error) for n, (name, error) in places])


def names(group: list[object]) -> list[str]:
    return [change.address[6:-6] for change in group]


def test_each_tensor_is_told_once_where_it_belongs() -> None:
    found = changes(of(BEFORE), of(AFTER))
    assert names(found.newly_failing) == ["a"]
    assert names(found.newly_passing) == ["b"]
    assert names(found.drifting) == ["e", "d"]
    assert (names(found.appeared), names(found.vanished)) == (["new"], ["gone"])
    assert found.same == 2  # c, and the row that only the reference has
    assert headline(found) == "1 newly failing, 1 newly passing, 2 drifting, 2 the same"


def test_an_alignment_did_not_change_from_itself() -> None:
    found = changes(of(BEFORE), of(BEFORE))
    assert found.same == len(BEFORE) + 1
    assert not any(group for _, group in found.groups())


def test_a_tensor_that_is_no_longer_compared_fails() -> None:
    after = of(BEFORE)
    after.rows[0] = samples.missing("layer:a#0:out", 0)
    assert names(changes(of(BEFORE), after).newly_failing) == ["a"]


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
    assert "| `layer:a#0:out` | aligned | diverged | 1.0e-06 | 1.0e-03 |" in text
    with pytest.raises(BadInput, match="a report ends in one of"):
        write_changes(of(BEFORE), of(AFTER), tmp_path / "r.xml")


def test_hostile_texts_stay_texts() -> None:
    text = html(samples.hostile(), samples.hostile())
    assert "<script>" not in text
    assert "\u202e" not in text
    parts = markdown(samples.hostile(), of(AFTER)).split("`")
    assert "<" not in "".join(parts[::2])
