"""An index of many runs in a folder: what each came to, with links to the reports that lie there."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from harness.alignment import Alignment
from harness.bench.result import Bench
from harness.errors import BadInput
from harness.evaluating.result import Evaluation
from harness.language import tr
from harness.training.log import Training
from reports import bench, bench_page, evaluation_facts, overview, training_facts, training_sentences
from reports.evaluation import subject as evaluated
from reports.marked import code, prose
from reports.summaries import SYMBOLS

MOST_RUNS = 5000
_DEEPEST = 4
_FILES = ("alignment.json", "training.jsonl", "evaluation.json", "bench.json")
_PAGES = {
    "alignment": "report.html",
    "training": "training.html",
    "evaluation": "evaluation.html",
    "bench": "bench.html",
}
_SYMBOLS: dict[str, str] = {**SYMBOLS, **dict(bench_page.SYMBOLS.items())}
_ORDER = (
    "failed", "diverged", "unreadable", "slower", "inconclusive", "ambiguous", "aligned", "same", "faster",
)  # fmt: skip


@dataclass(frozen=True)
class IndexedResult:
    """One result: where it lies, what it is of, and what it came to."""

    path: Path
    kind: str
    subject: str
    verdict: str
    text: str
    first: str = ""

    @property
    def symbol(self) -> str:
        """The mark of its verdict."""
        return _SYMBOLS.get(self.verdict, "!")


def index(folder: Path) -> list[IndexedResult]:
    """Every result in a folder and in those inside it; what failed first."""
    found = [_entry(path) for path in _results(folder)]
    if not found:
        raise BadInput(f"{folder} holds no {' and no '.join(_FILES)}, nor do the folders inside it")
    return sorted(found, key=lambda entry: (_ORDER.index(entry.verdict), str(entry.path)))


def headline(entries: list[IndexedResult]) -> str:
    """How many runs came to what."""
    counts = {verdict: sum(entry.verdict == verdict for entry in entries) for verdict in _ORDER}
    listed = ", ".join(f"{number} {tr(verdict)}" for verdict, number in counts.items() if number)
    return tr("Runs: {}; {}").format(len(entries), listed)


def html(folder: Path, output: Path) -> str:
    """The page; links lead from where it is written to the reports beside the results."""
    from reports.html import page

    entries = index(folder)
    return page(
        "index.html.j2",
        title=headline(entries),
        entries=[
            (entry, os.path.relpath(entry.path.parent, folder), _link(entry, output)) for entry in entries
        ],
    )


def markdown(folder: Path) -> str:
    """The same, for the summary of a job."""
    entries = index(folder)
    lines = [
        f"**{prose(headline(entries))}**",
        "",
        f"| | {tr('run')} | {tr('what')} | {tr('verdict')} |",
        "| --- | --- | --- | --- |",
    ]
    for entry in entries:
        run = os.path.relpath(entry.path.parent, folder)
        lines.append(f"| {entry.symbol} | {code(run)} | {code(entry.subject)} | {prose(entry.text)} |")
    return "\n".join(lines) + "\n"


def document(folder: Path) -> dict[str, Any]:
    """The same as data."""
    return {
        "runs": [
            {
                "path": os.path.relpath(entry.path, folder),
                "kind": entry.kind,
                "subject": entry.subject,
                "verdict": entry.verdict,
                "text": entry.text,
                "first": entry.first,
            }
            for entry in index(folder)
        ]
    }


def _results(folder: Path) -> list[Path]:
    """The results in a folder, not deeper than runs lie; links to elsewhere are not followed."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        if len(Path(place).relative_to(folder).parts) >= _DEEPEST:
            folders.clear()
        folders.sort()
        found += [Path(place, name) for name in _FILES if name in files]
        if len(found) > MOST_RUNS:
            raise BadInput(f"{folder} holds more than {MOST_RUNS:,} results; give a folder further down")
    return found


def _entry(path: Path) -> IndexedResult:
    try:
        return _READERS[path.name](path)
    except BadInput as error:
        return IndexedResult(path, "", "", "unreadable", str(error))


def _alignment(path: Path) -> IndexedResult:
    alignment = Alignment.load(path)
    headline = overview.headline(alignment)
    return IndexedResult(
        path, "alignment", _subject(alignment.case), alignment.verdict, headline, alignment.first or ""
    )


def _training(path: Path) -> IndexedResult:
    training = Training.load(path)
    verdict = training_facts.verdict(training)
    return IndexedResult(
        path, "training", _subject(training.start.case), verdict, training_sentences.sentence(training)
    )


def _evaluation(path: Path) -> IndexedResult:
    found = Evaluation.load(path)
    return IndexedResult(
        path, "evaluation", evaluated(found), found.verdict, evaluation_facts.sentence(found)
    )


def _bench(path: Path) -> IndexedResult:
    found = Bench.load(path)
    verdict = bench_page.worst(found) or "ambiguous"
    return IndexedResult(path, "bench", bench.title(found), verdict, bench_page.headline(found))


_READERS: dict[str, Callable[[Path], IndexedResult]] = dict(
    zip(_FILES, (_alignment, _training, _evaluation, _bench), strict=True)
)


def _subject(case: dict[str, Any]) -> str:
    return ", ".join(str(case[key]) for key in ("pair", "variant", "mode", "device") if case.get(key))


def _link(entry: IndexedResult, output: Path) -> str:
    """The way to the report beside a result; empty where there is none."""
    beside = entry.path.parent / _PAGES.get(entry.kind, "")
    if not beside.is_file():
        return ""
    way = Path(os.path.relpath(beside.resolve(), output.parent.resolve()))
    return quote(way.as_posix(), errors="replace")
