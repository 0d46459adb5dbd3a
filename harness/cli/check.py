"""`align check`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from harness.cli import options, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.results import aligned_or_not

if TYPE_CHECKING:
    from harness.alignment import Alignment
    from harness.verdict import Policy


def check(
    context: typer.Context,
    stored: options.Stored,
    model: options.OwnOverrides = None,
    policy: options.Policy = None,
    rtol: options.Rtol = None,
    atol: options.Atol = None,
    judge: options.Judge = None,
    min_coverage: options.MinCoverage = None,
    output: options.JsonOut = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> CommandResult:
    """Judge the stored numbers of an earlier run anew; nothing is run."""
    from harness.alignment import Alignment
    from harness.comparing import rejudge

    alignment = Alignment.load(stored)
    if model is not None:
        from harness.flows.stored_case import overrides_of

        alignment.overrides = list(overrides_of(alignment.case, model, str(stored)))
    alignment = rejudge(alignment, _policy(alignment, request_from_flags.policy(context.params)))
    if output is not None:
        alignment.save(output, replace=force)
    return aligned_or_not(alignment, stored=output or stored, model=model or "")


def _policy(alignment: Alignment, asked: Policy) -> Policy:
    """The policy asked for; an optimiser's steps are judged as strictly as when they were taken."""
    from harness.flows.explain_steps import is_of_steps
    from harness.flows.optimiser_steps import STEP_POLICY
    from harness.verdict import NoisePolicy

    if isinstance(asked, NoisePolicy) and is_of_steps(alignment):
        return replace(asked, ulps=STEP_POLICY.ulps)
    return asked
