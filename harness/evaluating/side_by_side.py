"""Several evaluations beside each other, and tables that others have published, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import json_codec, strict_toml
from harness.case import PORT, REFERENCE, SIDES
from harness.errors import BadInput
from harness.evaluating.result import Evaluation
from harness.json_codec import Partial
from harness.training.equivalence import Equivalence, equivalence

PAIRS, PUBLISHED = Path(__file__).parents[1] / "pairs", "published.toml"
_ADVICE = "give runs of `align evaluate`, their evaluation.json, a TOML file, or the name of a built-in pair"


@dataclass(frozen=True)
class Row(Partial):
    """The metrics of both sides in one place, by name; a side without figures has none."""

    name: str
    torch: dict[str, float] = field(default_factory=dict)
    jittor: dict[str, float] = field(default_factory=dict)

    def of(self, side: str) -> dict[str, float]:
        """Those of a side."""
        return self.torch if side == REFERENCE else self.jittor


@dataclass(frozen=True)
class Published(Partial):
    """A table that others have published: `row` as TOML calls them, and what a reader must know of them."""

    row: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SideBySide:
    """The rows of all sources, what seeds say of each group of evaluations, and notes."""

    rows: list[Row]
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
    rows, notes, evaluations = list[Row](), list[str](), list[Evaluation]()
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


def _row(found: Evaluation, source: str) -> Row:
    figures: dict[str, Any] = {
        side: {row.name: getattr(row, kind) for row in found.metrics}
        for side, kind in ((REFERENCE, "reference"), (PORT, "port"))
    }
    return Row(f"{found.variant}, {source}", figures[REFERENCE], figures[PORT])


def _seeds(evaluations: Sequence[Evaluation], margin: float) -> dict[str, list[Equivalence]]:
    """What several trainings of the same variant on the same data say of each metric."""
    groups: dict[str, list[Evaluation]] = {}
    for one in evaluations:
        if one.policy == "metric":  # with the same weights on both sides there is nothing to compare
            groups.setdefault(f"{one.model} {one.variant}, {one.data}", []).append(one)
    return {name: _judged(group, margin) for name, group in groups.items()}


def _judged(group: Sequence[Evaluation], margin: float) -> list[Equivalence]:
    names = [row.name for row in group[0].metrics if all(_value(one, row.name) for one in group)]
    found = []
    for name in names:
        rows = [row for one in group if (row := _value(one, name)) is not None]
        found.append(equivalence(name, [row.reference for row in rows], [row.port for row in rows], margin))
    return found


def _value(found: Evaluation, name: str) -> Any:
    return next((row for row in found.metrics if row.name == name), None)
