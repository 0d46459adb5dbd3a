"""The training log, `training.jsonl`: one record a line, written as it happens, readable while it grows.

Every line is flushed as it is written. After a kill at any byte all whole lines are read; a torn last line is
left out, and cut off when the log is continued.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from harness import json_codec, strict_json
from harness.errors import BadInput, NoEnvironment
from harness.regular_file import open_regular
from harness.training.records import (
    KINDS,
    Checkpoint,
    End,
    Epoch,
    Finding,
    Forced,
    OwnStep,
    Record,
    Resume,
    Start,
    Step,
    Twin,
)

NAME = "training.jsonl"
SCHEMA = "align-training"
VERSION = 1
MOST_BYTES = 512 << 20
MOST_BYTES_OF_A_LINE = 8 << 20
_ADVICE = "give the training.jsonl that `align train` wrote"


@dataclass
class Training:
    """What a log tells, by kind; what a resumed training repeated stands there once."""

    path: Path
    start: Start
    steps: list[Step] = field(default_factory=list)
    twins: list[Twin] = field(default_factory=list)
    own: list[OwnStep] = field(default_factory=list)
    forced: list[Forced] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    resumed: list[Resume] = field(default_factory=list)
    end: End | None = None

    def add(self, record: Record) -> None:
        """Take one more record in."""
        if isinstance(record, Resume):
            self._go_back(record.step)
            self.resumed.append(record)
        elif isinstance(record, End):
            self.end = record
        elif not isinstance(record, Start):
            self._list_of(record).append(record)

    def _list_of(self, record: Record) -> list[Any]:
        lists: dict[type, list[Any]] = {
            Step: self.steps,
            Twin: self.twins,
            OwnStep: self.own,
            Forced: self.forced,
            Finding: self.findings,
            Epoch: self.epochs,
            Checkpoint: self.checkpoints,
        }
        return lists[type(record)]

    def _go_back(self, step: int) -> None:
        """Drop the lines of the steps from `step` on. Epochs and checkpoints stand behind their steps."""
        self.steps = [record for record in self.steps if record.step < step]
        self.twins = [record for record in self.twins if record.step < step]
        self.own = [record for record in self.own if record.step < step]
        self.forced = [record for record in self.forced if record.step < step]
        self.findings = [record for record in self.findings if record.step < step]
        self.epochs = [record for record in self.epochs if record.step <= step]
        self.checkpoints = [record for record in self.checkpoints if record.step <= step]
        self.end = None

    @classmethod
    def load(cls, path: Path) -> Training:
        """Read a log, or that of a run's folder; BadInput says what is wrong with any other file."""
        path = path / NAME if path.is_dir() else path
        records = _records(path)
        first = next(records, None)
        if not isinstance(first, Start):
            raise BadInput(f"{path} is no training log: it has no whole line; {_ADVICE}")
        found = cls(path, first)
        for record in records:
            found.add(record)
        return found


class TrainingLog:
    """Writes a log. Use as a context manager; a log that is there is continued where `resume` says so."""

    def __init__(self, path: Path, *, resume: bool = False) -> None:
        self.path = path
        if resume:
            _cut_torn_line(path)
        try:
            self._file = path.open("ab" if resume else "xb", buffering=0)
        except OSError as error:
            raise BadInput(f"{path} cannot be written: {error.strerror}; name another place") from error

    def write(self, record: Record) -> None:
        """Write one record, at once."""
        line = json.dumps(_plain(record), allow_nan=False, ensure_ascii=False).encode("utf-8", "replace")
        left = memoryview(line + b"\n")
        whole = os.fstat(self._file.fileno()).st_size
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            with contextlib.suppress(OSError):  # what comes later must not stand behind half a line
                self._file.seek(self._file.truncate(whole))
            raise NoEnvironment(
                f"{self.path} cannot be written any further: {error.strerror}. Free some space and go on "
                "with --resume"
            ) from error

    def close(self) -> None:
        """Let go of the file, once the disk has it."""
        with contextlib.suppress(OSError):
            os.fsync(self._file.fileno())
        self._file.close()

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _plain(record: Record) -> dict[str, object]:
    kind = type(record).__name__.lower()
    head = {"kind": kind, **({"schema": SCHEMA, "version": VERSION} if kind == "start" else {})}
    return {**head, **json_codec.to_plain(record)}


def _cut_torn_line(path: Path) -> None:
    """Cut off what stands behind the last whole line."""
    with os.fdopen(open_regular(path), "rb") as file:
        whole = sum(len(line) for line in file if line.endswith(b"\n"))
        torn = file.tell() > whole
    if torn:
        os.truncate(path, whole)


def _records(path: Path) -> Iterator[Record]:
    """The records of all whole lines."""
    with os.fdopen(open_regular(path), "rb") as file:
        if (size := os.fstat(file.fileno()).st_size) > MOST_BYTES:
            raise BadInput(f"{path} has {size:,} bytes, and at most {MOST_BYTES:,} are read; {_ADVICE}")
        number = 0
        while line := file.readline(MOST_BYTES_OF_A_LINE + 1):
            number += 1
            if len(line) > MOST_BYTES_OF_A_LINE:
                raise BadInput(f"{path} line {number}: longer than {MOST_BYTES_OF_A_LINE:,} bytes; {_ADVICE}")
            if not line.endswith(b"\n"):  # torn, or just being written
                return
            yield _record(line, number, f"{path} line {number}")


def _record(line: bytes, number: int, where: str) -> Record:
    try:
        data = strict_json.parse(line)
        if not isinstance(data, dict):
            raise ValueError(f"it is {json_codec.short(data)}, and no record")
        kind = data.pop("kind", None)
        if not isinstance(kind, str) or kind not in KINDS or (kind == "start") != (number == 1):
            raise ValueError(f"its kind is {json_codec.short(kind)}")
        if kind == "start":
            _require_readable(data)
        if kind == "forced":
            data.setdefault("decided", None)  # older logs do not tell
        record: Record = json_codec.from_plain(KINDS[kind], data)
        if isinstance(record, Step):
            _require_sides(record)
        return record
    except ValueError as error:
        raise BadInput(f"{where} is damaged: {error}; {_ADVICE}") from error


def _require_sides(step: Step) -> None:
    if len(step.sides) != 2 or not all(side.losses for side in step.sides.values()):
        raise ValueError(f"step {step.step} should tell the losses of two sides")


def _require_readable(data: dict[str, object]) -> None:
    schema, version = data.pop("schema", None), data.pop("version", None)
    if schema != SCHEMA:
        raise ValueError(f"it does not say {SCHEMA}")
    if version != VERSION:
        raise ValueError(
            f"it is of version {json_codec.short(version)}, and this program reads version {VERSION}"
        )
