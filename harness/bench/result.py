"""What a measurement of speed and memory found: `bench.json`, the only currency for speed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import files, json_codec
from harness.bench.layers import LayerTable
from harness.bench.statistics import Ratio, Spread
from harness.json_codec import Partial
from harness.pairs.base import Mode
from harness.stored_result import Form

SCHEMA = "align-bench"
VERSION = 2


def _of_version_1(data: dict[str, Any]) -> dict[str, Any]:
    """Its layers also said whose way back could not be timed alone; now none is timed alone."""
    tables = data.get("layers")
    if not isinstance(tables, list):
        return data
    return {**data, "layers": [_without_failed(table) for table in tables]}


def _without_failed(table: Any) -> Any:
    return {k: v for k, v in table.items() if k != "failed"} if isinstance(table, dict) else table


_FORM = Form(
    "bench.json",
    SCHEMA,
    VERSION,
    "measurement",
    "give the bench.json that `align bench` wrote",
    {1: _of_version_1},
)


@dataclass(frozen=True)
class Contestant(Partial):
    """One of the two things that are measured in turns: a side, with switches or without."""

    side: str
    switches: tuple[str, ...] = ()
    again: bool = False
    """Set where it is measured against the very same."""

    @property
    def label(self) -> str:
        """What it is called in tables."""
        return " + ".join([f"{self.side} again" if self.again else self.side, *self.switches])


@dataclass(frozen=True)
class Memory:
    """Bytes, each above what the process held before a model was made.

    `peak` is that of the process in one call; None where the figure would say nothing. `allocator` is what
    the framework's own allocator held; None where it keeps no count.
    """

    peak: int | None
    allocator: int | None


@dataclass(frozen=True)
class Accuracy:
    """How far the outputs are from the float64 run, and the bits of the mantissa that agree with it."""

    error: float
    bits: float


@dataclass(frozen=True)
class Figures(Partial):
    """What one contestant took, over all calls of all rounds."""

    contestant: Contestant
    seconds: Spread
    parts: dict[str, Spread]
    first: float
    compiled: int
    steady: bool
    memory: Memory
    settings: dict[str, str]
    accuracy: Accuracy | None = None
    metric: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class BenchRow:
    """Two contestants measured in turns; `ratios` are those of the rounds, second over first."""

    mode: Mode
    batch: int
    size: tuple[int, int] | None
    first: Figures
    second: Figures
    ratio: Ratio
    parts: dict[str, Ratio]
    rounds: list[float]
    samples: dict[str, list[list[float]]]
    """Seconds of every call, by contestant and block."""

    @property
    def key(self) -> str:
        """The name that this row also has in another measurement of the same."""
        return self.name(self.mode, self.batch, self.size, self.first.contestant, self.second.contestant)

    @staticmethod
    def name(
        mode: Mode, batch: int, size: tuple[int, int] | None, first: Contestant, second: Contestant
    ) -> str:
        """The name of a row."""
        place = f"{size[0]}x{size[1]}" if size else "usual size"
        return f"{mode}, batch {batch}, {place}, {second.label} / {first.label}"


@dataclass(frozen=True)
class IdleSwitch:
    """A switch that was not measured, and why."""

    side: str
    name: str
    why: str


@dataclass(frozen=True)
class LargestBatch:
    """The largest batch whose peak stays below a limit; `refused` is the smallest that does not."""

    side: str
    mode: Mode
    limit: int
    batch: int
    peak: int
    refused: int
    why: str


@dataclass(frozen=True)
class BenchMachine:
    """The machine, on which all figures depend: a baseline of another machine proves nothing."""

    processor: str
    cores: int
    memory: int
    device_name: str
    system: str


@dataclass(frozen=True)
class Bench(Partial):
    """A whole measurement. `data` names the samples that the metrics are of, where some were taken."""

    model: str
    variant: str
    device: str
    date: str
    machine: BenchMachine
    versions: dict[str, dict[str, str]]
    rows: list[BenchRow] = field(default_factory=list)
    idle: list[IdleSwitch] = field(default_factory=list)
    largest: list[LargestBatch] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    layers: list[LayerTable] = field(default_factory=list)
    data: str = ""
    schema: str = SCHEMA
    version: int = VERSION

    def to_json(self) -> str:
        """Strict JSON."""
        return json.dumps(json_codec.to_plain(self), allow_nan=False, ensure_ascii=False)

    def save(self, path: Path, *, replace: bool = False) -> None:
        """Write bench.json; it appears whole or not at all."""
        files.write_file(path, self.to_json(), replace=replace)

    @classmethod
    def load(cls, path: Path) -> Bench:
        """Read bench.json, or the one in a folder; BadInput says why it cannot be read."""
        return _FORM.load(cls, path)
