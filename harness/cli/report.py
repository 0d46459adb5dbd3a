"""`align report`."""

from __future__ import annotations

from harness.cli import options
from harness.cli.command_result import CommandResult
from harness.cli.results import written


def report(
    stored: options.Result,
    output: options.ReportOut,
    force: options.Force = False,
    as_json: options.Json = False,
) -> CommandResult:
    """Draw a stored alignment or training as HTML, Markdown, JSON or, an alignment, JUnit.

    The ending of the file says which.
    """
    import reports

    if stored.suffix == ".jsonl":
        from harness.training.log import Training

        reports.write_training(Training.load(stored), output, replace=force)
    else:
        from harness.alignment import Alignment

        reports.write(Alignment.load(stored), output, replace=force)
    return written([output])
