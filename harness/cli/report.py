"""`align report`."""

from __future__ import annotations

from harness.cli import options
from harness.cli.command_result import CommandResult
from harness.cli.results import written


def report(
    stored: options.Stored,
    output: options.ReportOut,
    force: options.Force = False,
    as_json: options.Json = False,
) -> CommandResult:
    """Draw a stored alignment as HTML, Markdown, JUnit or JSON; the ending of the file says which."""
    from harness.alignment import Alignment
    from reports import write

    write(Alignment.load(stored), output, replace=force)
    return written([output])
