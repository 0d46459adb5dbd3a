"""`align diff`."""

from __future__ import annotations

import typer

from harness.cli import options, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.results import aligned_or_not


def diff(
    context: typer.Context,
    reference: options.TraceA,
    candidate: options.TraceB,
    model: options.OwnModel = None,
    truth: options.Truth = None,
    policy: options.Policy = None,
    rtol: options.Rtol = None,
    atol: options.Atol = None,
    judge: options.Judge = None,
    min_coverage: options.MinCoverage = None,
    output: options.JsonOut = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> CommandResult:
    """Compare two traces that were recorded before, wherever that was; nothing is run."""
    from harness import flows
    from harness.files import require_free

    if output is not None:
        require_free(output, replace=force)
    alignment = flows.diff(reference, candidate, request_from_flags.policy(context.params), truth, model)
    if output is not None:
        alignment.save(output, replace=force)
    return aligned_or_not(alignment, stored=output, model=model or "")
