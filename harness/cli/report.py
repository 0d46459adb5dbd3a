"""`align report`."""

from __future__ import annotations

from pathlib import Path

from harness.cli import options
from harness.cli.command_result import CommandResult
from harness.cli.results import is_bench, is_evaluation, written
from harness.errors import BadInput


def report(
    stored: options.Results,
    output: options.ReportOut,
    other: options.OtherResult = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> CommandResult:
    """Draw a stored alignment, training, evaluation or measurement: HTML, Markdown, JSON, or JUnit.

    The ending of the file says which. Of two alignments, draw what changed; of a folder of many runs, an
    index.
    """
    if other is not None:
        _changes(stored, other, output, force)
    else:
        _one(stored, output, force)
    return written([output])


def _one(stored: Path, output: Path, force: bool) -> None:
    import reports

    if stored.is_dir():
        reports.write_index(stored, output, replace=force)
    elif stored.suffix == ".jsonl":
        from harness.training.log import Training

        reports.write_training(Training.load(stored), output, replace=force)
    elif is_evaluation(stored):
        from harness.evaluating.result import Evaluation

        reports.write_evaluation(Evaluation.load(stored), stored.parent, output, replace=force)
    elif is_bench(stored):
        from harness.bench.result import Bench

        reports.write_bench(Bench.load(stored), output, replace=force)
    else:
        from harness.alignment import Alignment

        reports.write(Alignment.load(stored), output, replace=force)


def _changes(stored: Path, other: Path, output: Path, force: bool) -> None:
    import reports
    from harness.alignment import Alignment

    if stored.is_dir() or stored.suffix == ".jsonl" or is_evaluation(stored) or is_bench(stored):
        raise BadInput(f"{stored} is no alignment; what changed is drawn for two of them")
    reports.write_changes(Alignment.load(stored), Alignment.load(other), output, replace=force)
