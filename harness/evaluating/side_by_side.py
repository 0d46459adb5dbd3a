"""Several evaluations beside each other, and tables that others have published, as one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness import json_codec, strict_toml
from harness.case import PORT, REFERENCE, SIDES
from harness.errors import BadInput
from harness.evaluating.result import Evaluation, MetricRow
from harness.json_codec import Partial
from harness.training.equivalence import Equivalence, equivalence

PAIRS, PUBLISHED = Path(__file__).parents[1] / "pairs", "published.toml"
_ADVICE = "give runs of `align evaluate`, their evaluation.json, a TOML file, or the name of a built-in pair"


@dataclass(frozen=True)
class MetricsRow(Partial):
    """The metrics of both sides in one place, by name; a side without figures has none.

    `samples` is how many they are of, where that is known.
    """

    name: str
    samples: int | None = None
    torch: dict[str, float] = field(default_factory=dict)
    jittor: dict[str, float] = field(default_factory=dict)

    def of(self, side: str) -> dict[str, float]:
        """Those of a side."""
        return self.torch if side == REFERENCE else self.jittor


@dataclass(frozen=True)
class Published(Partial):
    """A table that others have published: `row` as TOML calls them, and what a reader must know of them."""

    row: list[MetricsRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SideBySide:
    """The rows of all sources, what seeds say of each group of evaluations, and notes."""

    rows: list[MetricsRow]
    seeds: dict[str, list[Equivalence]]
    notes: list[str]

    @property
    def metrics(self) -> list[str]:
        """Every metric of any row, in the order in which they come."""
        return list(dict.fromkeys(name for row in self.rows for side in SIDES for name in row.of(side)))


def published_names() -> list[str]:
    """The pairs whose published figures are here."""
    return sorted(path.parent.name for path in PAIRS.glob(f"*/{PUBLISHED}"))


def side_by_side(sources: Sequence[str], margin: float) -> SideBySide:
    """Read every source: a run, an evaluation.json, a TOML file, or the name of a built-in pair."""
    rows, notes, evaluations = list[MetricsRow](), list[str](), list[Evaluation]()
    for source in sources:
        path = PAIRS / source / PUBLISHED if source in published_names() else Path(source)
        if path.suffix == ".toml":
            table = read_published(path)
            rows += table.row
            notes += table.notes
            continue
        if not path.exists():
            raise BadInput(f"{source}: there is no such file; {_ADVICE} ({', '.join(published_names())})")
        found = Evaluation.load(path)
        evaluations.append(found)
        rows.append(_row(found, source))
        notes += [f"{source} shows nothing: {'; '.join(found.empty)}"] if found.empty else []
    notes += _repeated(evaluations)
    return SideBySide(rows, _seeds(evaluations, margin), list(dict.fromkeys(notes)))


def read_published(path: Path) -> Published:
    """A table in TOML; BadInput says why it is none."""
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file; {_ADVICE}")
    try:
        return json_codec.from_plain(Published, strict_toml.parse(strict_toml.read(path)))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}; {_ADVICE}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is no table of metrics: {error}; {_ADVICE}") from error


def _row(found: Evaluation, source: str) -> MetricsRow:
    figures: dict[str, Any] = {
        side: {row.name: getattr(row, kind) for row in found.metrics}
        for side, kind in ((REFERENCE, "reference"), (PORT, "port"))
    }
    return MetricsRow(f"{found.variant}, {source}", len(found.samples), figures[REFERENCE], figures[PORT])


def _seeds(evaluations: Sequence[Evaluation], margin: float) -> dict[str, list[Equivalence]]:
    """What several trainings of the same variant on the same data say of each metric."""
    groups: dict[str, list[Evaluation]] = {}
    for one in evaluations:
        if one.policy == "metric":  # with the same weights on both sides there is nothing to compare
            groups.setdefault(_subject(one), []).append(one)
    return {name: _judged(group, margin) for name, group in groups.items()}


def _subject(found: Evaluation) -> str:
    """What evaluations have to be of, all of it, to be compared: the same samples, seen alike."""
    size = "" if found.size is None else f" of {found.size[0]}x{found.size[1]}"
    seen = f"{found.data}, {found.split} split, {len(found.samples)} samples{size}"
    return f"{found.model} {found.variant}, {seen}"


def _judged(group: Sequence[Evaluation], margin: float) -> list[Equivalence]:
    names = [row.name for row in group[0].metrics if all(_value(one, row.name) for one in group)]
    return [_over_seeds(name, group, margin) for name in names]


def _over_seeds(name: str, group: Sequence[Evaluation], margin: float) -> Equivalence:
    """One metric. Weights that come twice on a side are one training, and count once."""
    rows = [(one, row) for one in group if (row := _value(one, name)) is not None]
    reference = {one.weights[REFERENCE]: row.reference for one, row in rows}
    port = {one.weights[PORT]: row.port for one, row in rows}
    found = equivalence(name, list(reference.values()), list(port.values()), margin)
    step = max(row.resolution for _, row in rows)
    if found.verdict == "inconclusive" or step <= found.margin or abs(found.difference) > step:
        return found
    why = (
        f"{name}: the port differs by {found.difference:+.3g}; the data resolve {step:.3g}, which is more "
        f"than the margin of {found.margin:.3g}: evaluate more samples"
    )
    return replace(found, verdict="inconclusive", needed=None, sentence=why)


def _repeated(evaluations: Sequence[Evaluation]) -> list[str]:
    """Weights that several evaluations of the same samples share, where each should be a training."""
    seen = Counter(
        (_subject(one), side, one.weights[side])
        for one in evaluations
        if one.policy == "metric"
        for side in SIDES
    )
    return [
        f"{subject}: {times} evaluations have the {side} weights {name}; they count once over seeds"
        for (subject, side, name), times in seen.items()
        if times > 1
    ]


def _value(found: Evaluation, name: str) -> MetricRow | None:
    return next((row for row in found.metrics if row.name == name), None)
