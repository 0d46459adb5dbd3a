"""`align report`."""

from __future__ import annotations

from pathlib import Path

from harness.cli import options
from harness.cli.command_result import CommandResult
from harness.cli.results import stored_result, written
from harness.errors import BadInput

_KINDS = {
    "Alignment": "an alignment",
    "Training": "a training",
    "Evaluation": "an evaluation",
    "Bench": "a measurement of speed",
}


def report(
    stored: options.Results,
    output: options.ReportOut,
    other: options.OtherResult = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> CommandResult:
    """Draw a stored alignment, training, evaluation or measurement: HTML, Markdown, JSON, or JUnit.

    The ending of the file says which. Of two results of one kind, draw what changed; of a folder of many
    runs, an index.
    """
    if other is not None:
        _changes(stored, other, output, force)
    elif stored.is_dir():
        import reports

        reports.write_index(stored, output, replace=force)
    else:
        _one(stored, output, force)
    return written([output])


def _one(stored: Path, output: Path, force: bool) -> None:
    import reports
    from harness.alignment import Alignment
    from harness.evaluating.result import Evaluation
    from harness.training.log import Training

    found = stored_result(stored)
    if isinstance(found, Alignment):
        reports.write(found, output, replace=force)
    elif isinstance(found, Training):
        reports.write_training(found, output, replace=force)
    elif isinstance(found, Evaluation):
        reports.write_evaluation(found, stored.parent, output, replace=force)
    else:
        reports.write_bench(found, output, replace=force)


def _changes(before: Path, after: Path, output: Path, force: bool) -> None:
    import reports

    for stored in (before, after):
        if stored.is_dir():
            raise BadInput(f"{stored} is a folder of many runs; what changed is drawn for two results")
    one, other = stored_result(before), stored_result(after)
    if type(one) is not type(other):
        raise BadInput(
            f"{before} is {_KINDS[type(one).__name__]}, {after} is {_KINDS[type(other).__name__]}; what "
            "changed is drawn for two results of one kind"
        )
    reports.write_changes(one, other, output, replace=force)
