"""What becomes of each mistake: detected, located, named, or named wrongly.

By hand: `./run python -m tests.mutants.ported.measure [--held] [NAME...]`.
"""

from __future__ import annotations

import argparse
import fnmatch
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from harness.alignment import Alignment
from harness.alignment_rows import Source
from harness.flows import explain
from harness.flows.compare import compare_live
from harness.flows.comparison import Workers, comparison
from harness.progress import Silent
from tests.mutants.in_this_process import request
from tests.mutants.ported.mistakes import HELD_BACK, MISTAKES, Ported

_NONE = re.compile(r"none of|the reference was lost|shape |torch has")


@dataclass(frozen=True)
class Outcome:
    """What was told of one mistake.

    A cause is `wrong` where one is claimed and none is the true one; what is told to be fitted claims none.
    """

    mistake: Ported
    detected: bool
    located: bool
    named: bool
    wrong: bool
    said: tuple[str, ...]


def outcome(mistake: Ported, alignment: Alignment) -> Outcome:
    """Judge what an alignment tells of a mistake."""
    return outcome_of(mistake, alignment.verdict, alignment.sources)


def outcome_of(mistake: Ported, verdict: str, sources: Sequence[Source]) -> Outcome:
    """Judge a verdict and its sources."""
    located = bool(sources) and all(
        any(fnmatch.fnmatchcase(layer, place) for place in mistake.places for layer in source.layers)
        for source in sources
    )
    right = [any(re.search(words, source.cause) for words in mistake.says) for source in sources]
    found = [bool(source.cause) and not _NONE.match(source.cause) for source in sources]
    claimed = [its and "fitted" not in source.cause for its, source in zip(found, sources, strict=True)]
    named = any(fine and its for fine, its in zip(right, found, strict=True))
    wrong = any(claimed) and not named
    said = tuple(f"{source.address} {source.layers}: {source.cause or source.text}" for source in sources)
    return Outcome(mistake, verdict == "diverged", located, named, wrong, said)


def measured(mistakes: Iterable[Ported], folder: Path) -> Iterator[Outcome]:
    """Compare each port with both sides in this process, and explain it."""
    from tests.mutants.side_by_side import OwnPort, lend_workers

    with lend_workers("cpu", 60.0, OwnPort) as workers:
        for mistake in mistakes:
            model = f"tests.mutants.ported.pair:{mistake.network.upper()}"
            asked = request(model, mistake.name, mistake.mode, folder / mistake.name)
            with comparison(asked, Silent(), cast(Workers, workers)) as live:
                compared = compare_live(live)
                explain.add_causes(compared)
            yield outcome(mistake, compared.alignment)


def table(outcomes: list[Outcome]) -> str:
    """Counts by family, and of all."""
    lines = [f"{'family':12} {'mistakes':>8} {'detected':>8} {'located':>8} {'named':>8} {'wrong':>8}"]
    families = dict.fromkeys(item.mistake.family for item in outcomes)
    for family in (*families, "all"):
        chosen = [item for item in outcomes if family in (item.mistake.family, "all")]
        counts = Counter({name: sum(getattr(item, name) for item in chosen) for name in _COLUMNS})
        lines.append(f"{family:12} {len(chosen):8}" + "".join(f" {counts[name]:8}" for name in _COLUMNS))
    return "\n".join(lines)


_COLUMNS = ("detected", "located", "named", "wrong")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="mistakes or families; all of them by default")
    parser.add_argument("--held", action="store_true", help="those that are held back")
    parser.add_argument("--quiet", action="store_true", help="the table alone")
    asked = parser.parse_args()
    chosen = [
        item
        for item in MISTAKES
        if (item.name in HELD_BACK) == asked.held
        and (not asked.names or {item.name, item.family} & set(asked.names))
    ]
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        for found in measured(chosen, Path(folder)):
            outcomes.append(found)
            if not asked.quiet:
                flags = "".join(name[0] if getattr(found, name) else "." for name in _COLUMNS).replace(
                    "w", "W"
                )
                print(
                    f"{flags} {found.mistake.network}.{found.mistake.name} ({found.mistake.truth})",
                    flush=True,
                )
                for said in found.said[:6]:
                    print(f"       {said[:260]}", flush=True)
    print(table(outcomes))


if __name__ == "__main__":
    main()
