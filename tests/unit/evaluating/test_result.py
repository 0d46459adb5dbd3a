"""evaluation.json: read as it was written, and anything else refused."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.evaluating.result import NAME, Evaluation, SampleRow
from tests.unit.evaluating.samples import made


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = dataclasses.replace(made(), samples=[SampleRow("a", 0, math.inf, -math.inf), *made().samples])
    found.save(tmp_path / NAME)
    assert Evaluation.load(tmp_path) == Evaluation.load(tmp_path / NAME) == found
    with pytest.raises(BadInput, match="exists"):
        found.save(tmp_path / NAME)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("[]", "no evaluation"),
        ('{"schema": "align-evaluation", "version": 99}', "no evaluation of version 1"),
        ('{"schema": "align-evaluation", "version": 1}', "damaged evaluation"),
    ],
)
def test_what_is_no_evaluation_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(BadInput, match=said):
        Evaluation.load(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        Evaluation.load(tmp_path / NAME)


@pytest.mark.parametrize("field", [item.name for item in dataclasses.fields(Evaluation)])
def test_a_field_of_another_kind_is_refused_by_name(tmp_path: Path, field: str) -> None:
    data = json.loads(made().to_json()) | {field: [[]]}
    (tmp_path / NAME).write_text(json.dumps(data))
    with pytest.raises(BadInput, match=field if field not in ("schema", "version") else "no evaluation"):
        Evaluation.load(tmp_path)


def test_a_frame_has_a_row_a_sample() -> None:
    frame = made().frame()
    assert list(frame["name"]) == ["n|1", "n|0", "n|2"]
    assert set(frame.columns) == {item.name for item in dataclasses.fields(SampleRow)}
