"""What an evaluation found: `evaluation.json`, the only currency for metrics of a data set."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness import files, json_codec
from harness.errors import ALIGNED, DIVERGED, INCONCLUSIVE, NoEnvironment
from harness.stored_result import Form

if TYPE_CHECKING:
    import pandas

NAME = "evaluation.json"
SCHEMA = "align-evaluation"
VERSION = 1
_FORM = Form(NAME, SCHEMA, VERSION, "evaluation", "give the evaluation.json that `align evaluate` wrote")
_CODES = {"aligned": ALIGNED, "diverged": DIVERGED, "inconclusive": INCONCLUSIVE}

Status = Literal["aligned", "diverged", "inconclusive"]


@dataclass(frozen=True)
class MetricRow:
    """One metric of both sides. `relative` is the difference as a share of the reference's value.

    `resolution` is the smallest change that one target, pixel or sample makes to it; 0 where it is finer than
    any limit.
    """

    name: str
    reference: float
    port: float
    difference: float
    relative: float
    resolution: float
    limit: float
    status: Status
    reason: str


@dataclass(frozen=True)
class SampleRow:
    """One sample: both sides' own figure, and how far the port's outputs are from the reference's.

    `error` is the relative l2 distance of the outputs. `ratio` is that over what the policy allows; both are
    None where the sides have weights of their own, since outputs are not judged then. `measured` says that
    the sample's own float64 run decided.
    """

    name: str
    index: int
    reference: float
    port: float
    error: float | None = None
    ratio: float | None = None
    status: Status | None = None
    measured: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Broken:
    """A sample that could not be read, and why."""

    name: str
    index: int
    why: str


@dataclass(frozen=True)
class Evaluation:
    """Metrics of given weights on a split, both sides. `samples` are listed with the worst first.

    `weights` names the file of each side, or says seeded. `empty` says why the metrics show nothing; it is
    empty where they do. `churn` is the share of samples whose figures disagree. `figure` names the figure of
    a sample, `protocol` says how the metrics were taken.
    """

    model: str
    variant: str
    device: str
    date: str
    data: str
    split: str
    batch: int
    seed: int
    size: tuple[int, int] | None
    weights: dict[str, str]
    policy: Literal["noise", "metric"]
    limit: float
    figure: str
    protocol: str
    verdict: Status
    sentence: str
    versions: dict[str, dict[str, str]]
    metrics: list[MetricRow] = field(default_factory=list)
    samples: list[SampleRow] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    churn: float | None = None
    costs: dict[str, float] = field(default_factory=dict)
    schema: str = SCHEMA
    version: int = VERSION

    @property
    def exit_code(self) -> int:
        """The exit code of the verdict."""
        return _CODES[self.verdict]

    def to_json(self) -> str:
        """Strict JSON."""
        return json.dumps(json_codec.to_plain(self), allow_nan=False, ensure_ascii=False)

    def save(self, path: Path, *, replace: bool = False) -> None:
        """Write evaluation.json; it appears whole or not at all."""
        files.write_file(path, self.to_json(), replace=replace)

    def frame(self) -> pandas.DataFrame:
        """A pandas data frame with one row a sample."""
        try:
            import pandas
        except ImportError as error:
            raise NoEnvironment(
                "frame() needs pandas; install it with: pip install 'jittor-align[notebook]'"
            ) from error
        return pandas.DataFrame([vars(row) for row in self.samples])

    @classmethod
    def load(cls, path: Path) -> Evaluation:
        """Read evaluation.json, or the folder with it; BadInput says why it is none."""
        return _FORM.load(cls, path)
