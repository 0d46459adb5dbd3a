"""How many causes are named without the hypotheses that name them: leave one family out.

Each mistake is explained as usual; then again without the family of hypotheses that explained it, so that
only hypotheses remain which were written for something else. A family is a module of `harness.diagnose`; of
the edits of one operation of a loss it is the way in which it is changed; slips in the text of code are one.

By hand: `./run python -m tests.mutants.ported.left_out --out FILE [NAME...]`. FILE is written after each one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.alignment_rows import Source
from harness.diagnose import (
    Cause,
    _cause,
    code_edits,
    gradients,
    loss_checks,
    loss_functions,
    loss_given,
    loss_indices,
    loss_inserts,
    loss_neighbours,
    loss_pairs,
    loss_targets,
    losses,
    running_statistics,
)
from harness.diagnose.code_edits import CodeEdits
from harness.files import write_file
from harness.flows import (
    call_counts,
    call_orders,
    calls_between,
    extra_calls,
    find_causes,
    orders,
    other_counts,
    whole_loss,
)
from harness.requests import Edit
from tests.mutants.ported.measure import Outcome, measured
from tests.mutants.ported.mistakes import HELD_BACK, MISTAKES, Ported

NUMBERS, WHOLE = "loss: numbers", "loss: as a whole"
SLIPS, FORMULAS = "slips in code", "formulas in code"
OF_LOSSES: tuple[tuple[ModuleType, tuple[str, ...]], ...] = (
    (loss_checks, ("edits",)),
    (loss_functions, ("edits",)),
    (loss_given, ("edits",)),
    (loss_indices, ("edits",)),
    (loss_inserts, ("edits", "in_all_uses")),
    (loss_neighbours, ("overlaps", "neighbours")),
    (loss_pairs, ("settings", "pairs")),
    (loss_targets, ("edits", "combined")),
)
OF_SEVERAL: tuple[tuple[ModuleType, str], ...] = (
    (call_counts, "told"), (other_counts, "told"), (orders, "applied_before"), (orders, "given_crosswise"),
    (orders, "exchanged"), (call_orders, "told"), (extra_calls, "told"), (calls_between, "told"),
)  # fmt: skip
"""What several sources tell together."""
SOLVED = "(solved for)", "(a factor that is fitted)"
SEARCHED = (
    "OF_LAYERS",
    "OF_TENSORS",
    "OF_OPERATIONS",
    "OF_NUMBERS",
    "OF_FORMULAS",
    "OF_GRADIENTS",
    "AT_LAST",
)
Row = dict[str, Any]
Trial = tuple[str, list[Edit]]


@dataclass
class Families:
    """What is left out, and which family explained each source."""

    without: frozenset[str]
    of_words: dict[str, str] = field(default_factory=dict)
    of_sentences: dict[str, str] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)

    def kept(self, family: str, words: str) -> bool:
        """Whether a hypothesis may be tried; it is remembered by its words."""
        if family in self.without:
            return False
        self.of_words.setdefault(words, family)
        return True

    def tried(self, source: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """The hypotheses of a module, as far as they are not left out."""
        family = source.__module__.rpartition(".")[2]

        def trials(*given: Any, **named: Any) -> Iterator[Any]:
            for trial in source(*given, **named):
                words = (trial[0] if isinstance(trial, tuple) else trial).words
                if self.kept(family, words):
                    yield trial

        return trials

    def edited(self, edits: Callable[..., Iterator[Trial]]) -> Callable[..., Iterator[Trial]]:
        """The same of edits of a loss: those that are listed one by one are of their kind."""
        name = edits.__name__

        def kept(*given: Any) -> Iterator[Trial]:
            for words, changes in edits(*given):
                family = changes[0].how if name == "edits" else name
                if self.kept(f"loss: {family}", words):
                    yield words, changes

        return kept

    def edited_together(self, module: ModuleType, name: str) -> Callable[..., Iterator[Trial]]:
        """The same of a module of edits of a loss: all of them are one family."""
        edits, family = getattr(module, name), f"loss: {module.__name__.rpartition('.')[2]}"

        def kept(*given: Any) -> Iterator[Trial]:
            return (trial for trial in edits(*given) if self.kept(family, trial[0]))

        return kept

    def in_code(self, edits: Callable[..., CodeEdits]) -> Callable[..., CodeEdits]:
        """The same of edits of the text of code: other formulas are a family, slips are another."""

        def of(family: str, part: Iterator[Trial]) -> Iterator[Trial]:
            return (trial for trial in part if self.kept(family, trial[0]))

        def kept(*given: Any) -> CodeEdits:
            found = edits(*given)
            families = {name: FORMULAS if name == "formulas" else SLIPS for name in found._fields}
            return CodeEdits(**{name: of(family, getattr(found, name)) for name, family in families.items()})

        return kept

    def told_together(self, told: Callable[..., list[Cause]]) -> Callable[..., list[Cause]]:
        """The same of what several sources tell together: the causes as they are, where it is left out."""
        family = told.__module__.rpartition(".")[2]

        def kept(*given: Any) -> list[Cause]:
            causes = next(one for one in given if isinstance(one, list) and _are_causes(one))
            if family in self.without:
                return list(causes)
            found = told(*given)
            self.of_sentences |= {cause.sentence: family for cause in found if cause not in causes}
            return found

        return kept

    def as_a_whole(self, explained: Callable[..., Cause]) -> Callable[..., Cause]:
        """The same of a loss that is another one times a number."""

        def kept(*given: Any) -> Cause:
            found = explained(*given)
            return found if found.found and self.kept(WHOLE, found.hypothesis) else Cause(False, "")

        return kept

    def explained(self, source: Source, cause: Cause) -> Source:
        """A source with its cause, whose families are noted."""
        if cause.found:
            self.named += self._families(cause)
        return _EXPLAINED(source, cause)

    def _families(self, cause: Cause) -> list[str]:
        if cause.hypothesis.endswith(SOLVED):
            return [NUMBERS]
        found = {self.of_sentences.get(cause.sentence), self.of_words.get(cause.hypothesis)}
        return [family for family in found if family is not None] or ["other"]


def _are_causes(given: Sequence[object]) -> bool:
    return all(isinstance(one, Cause) for one in given)


_EXPLAINED = find_causes.explained


@contextlib.contextmanager
def left_out(without: Iterable[str]) -> Iterator[Families]:
    """In here these families of hypotheses are never tried."""
    families = Families(frozenset(without))
    with pytest.MonkeyPatch.context() as patch:
        for name in SEARCHED:
            patch.setattr(_cause, name, tuple(map(families.tried, getattr(_cause, name))))
        for searched in (gradients, running_statistics):
            patch.setattr(searched, "trials", families.tried(searched.trials))
        for name in ("edits", "defaults", "taken", "detachments"):
            patch.setattr(losses, name, families.edited(getattr(losses, name)))
        for module, names in OF_LOSSES:
            for name in names:
                patch.setattr(module, name, families.edited_together(module, name))
        patch.setattr(code_edits, "edits", families.in_code(code_edits.edits))
        if NUMBERS in families.without:
            patch.setattr(losses, "numbers", lambda operations: iter(()))
        for module, name in OF_SEVERAL:
            patch.setattr(module, name, families.told_together(getattr(module, name)))
        patch.setattr(whole_loss, "explained", families.as_a_whole(whole_loss.explained))
        patch.setattr(find_causes, "explained", families.explained)
        yield families


def row_of(mistake: Ported, folder: Path) -> Row:
    """One mistake, with and without what explains it."""
    with left_out(()) as families:
        (usual,) = measured([mistake], folder / "usual")
    row = _row(usual, families.named)
    if usual.named:
        with left_out(families.named) as others:
            (again,) = measured([mistake], folder / "left-out")
        row["left out"] = _row(again, others.named)
    return row


def _row(found: Outcome, named: Sequence[str]) -> Row:
    return {
        "mistake": f"{found.mistake.network}.{found.mistake.name}",
        "kind": found.mistake.family,
        "held back": found.mistake.name in HELD_BACK,
        "detected": found.detected,
        "named": found.named,
        "wrong": found.wrong,
        "by": sorted(set(named)),
        "said": list(found.said[:3]),
    }


def counts(rows: Sequence[Row]) -> dict[str, Any]:
    """Of all mistakes, and by the family that named them first."""
    told = [row["left out"] for row in rows if "left out" in row]
    families = Counter(" and ".join(row["by"]) for row in rows if row["named"])
    still = Counter(" and ".join(row["by"]) for row in rows if row.get("left out", {}).get("named"))
    return {
        "mistakes": len(rows),
        "detected": sum(row["detected"] for row in rows),
        "named": sum(row["named"] for row in rows),
        "wrong": sum(row["wrong"] for row in rows),
        "named with its family left out": sum(row["named"] for row in told),
        "wrong with its family left out": sum(row["wrong"] for row in told),
        "by family, named and still named": {name: [families[name], still[name]] for name in families},
    }


def main() -> None:
    """Measure what is asked for and not known yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    rows: list[Row] = json.loads(asked.out.read_text("utf-8"))["rows"] if asked.out.exists() else []
    known = {row["mistake"] for row in rows}
    for mistake in MISTAKES:
        full = f"{mistake.network}.{mistake.name}"
        if full in known or (asked.names and not {mistake.name, mistake.family} & set(asked.names)):
            continue
        with tempfile.TemporaryDirectory() as folder:
            rows.append(row_of(mistake, Path(folder)))
        print(json.dumps(rows[-1]), flush=True)
        told = {"date": datetime.now(timezone.utc).date().isoformat(), "counts": counts(rows), "rows": rows}
        write_file(asked.out, json.dumps(told, indent=1) + "\n", replace=True)


if __name__ == "__main__":
    main()
