"""What an evaluation has seen so far: `unfinished.json`, from which it can go on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import files, json_codec
from harness.errors import BadInput
from harness.evaluating.evidence import OutputRange
from harness.evaluating.result import NAME as RESULT
from harness.evaluating.result import Broken, SampleRow
from harness.stored_result import Form

NAME = "unfinished.json"
SCHEMA = "align-unfinished-evaluation"
VERSION = 1
_FORM = Form(
    NAME, SCHEMA, VERSION, "unfinished evaluation", "give the folder of an evaluation that was broken off"
)


@dataclass(frozen=True)
class Unfinished:
    """All that an evaluation remembers: `next` is the first sample that it has not seen.

    `metrics` is what each side's metrics keep; `allowed` what measured samples allow of each output, in l2
    and of its worst element.
    """

    request: dict[str, Any]
    next: int
    rows: list[SampleRow]
    broken: list[Broken]
    metrics: dict[str, dict[str, list[float]]]
    ranges: dict[str, OutputRange]
    allowed: tuple[dict[str, list[float]], dict[str, list[float]]]
    measured: int
    seconds: dict[str, float] = field(default_factory=dict)
    schema: str = SCHEMA
    version: int = VERSION

    def save(self, folder: Path) -> None:
        """Write it in the place of what was there before; it is whole at any moment."""
        text = json.dumps(json_codec.to_plain(self), allow_nan=False, ensure_ascii=False)
        files.write_file(folder / NAME, text, replace=True)

    @classmethod
    def load(cls, folder: Path) -> Unfinished:
        """Read that of a run's folder; BadInput says why there is none."""
        file = folder / NAME
        if (folder / RESULT).is_file() and not file.exists():
            raise BadInput(f"the evaluation in {folder} has come to its end: see {folder / RESULT}")
        return _FORM.load(cls, folder)
