"""`align selftest`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options, parse, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from harness.flows.selftest import Result

Sample = Annotated[
    int | None,
    typer.Option(
        "--sample",
        metavar="N",
        help="How many mistakes to plant.",
        parser=parse.parse_count,
        show_default="all, at every place",
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        metavar="N",
        help="Over how many seeds the sound port must raise no alarm.",
        parser=parse.parse_count,
        show_default="1",
    ),
]


def selftest(
    context: typer.Context,
    model: options.Model,
    variant: options.Variant = None,
    option: options.Options = None,
    sample: Sample = None,
    seeds: Seeds = None,
    seed: options.Seed = None,
    input_size: options.InputSize = None,
    batch: options.Batch = None,
    timeout: options.Timeout = None,
    policy: options.Policy = None,
    rtol: options.Rtol = None,
    atol: options.Atol = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Plant mistakes into a sound port and count those that are detected, located and named.

    Says of your own pair what your settings would not catch. Exits with 0 if every mistake was
    detected and the sound port never accused, else with 1.
    """
    from harness.flows import selftest as flows

    with listening() as listener:
        result = flows.selftest_pair(request_from_flags.request(context.params), sample, seeds or 1, listener)
    if not result.score.planted:
        raise BadInput(
            f"none of the {len(result.rows)} mistakes changes anything here: plant more with --sample"
        )
    document = {
        "score": result.score.to_dict(),
        "kinds": flows.by_kind(result.rows),
        "mutants": [row.to_dict() for row in result.rows],
        "alarms": result.alarms,
        "seconds": result.seconds,
        "exit_code": result.score.exit_code,
    }
    return CommandResult(result.score.exit_code, document, lambda console: _draw(result, console))


def _draw(result: Result, console: Console) -> None:
    from rich.text import Text

    from reports.tables import Column, table

    rows = result.rows
    marks = [("ran" if row.ran else "-", row) for row in rows]
    columns = [
        Column("mistake", [row.mistake.kind for row in rows], most=30),
        Column("planted in", [row.mistake.path for row in rows], elastic=True),
        *(
            Column(name, [_mark(getattr(row, name)) if state == "ran" else "-" for state, row in marks])
            for name in ("detected", "located", "named")
        ),
    ]
    console.print(table(console.width, columns))
    score = result.score
    found = f"{score.detected:.0%} detected, {score.located:.0%} located, {score.named:.0%} named"
    alarms = f"{score.false_alarms} false alarms in {score.correct} sound comparisons"
    console.print(Text(f"{score.planted} mistakes: {found}; {alarms}.", style="bold"))
    for row in rows:
        if row.ran and not row.detected:
            console.print(Text(f"not caught: {row.mistake.kind} in {row.mistake.path}", style="red"))


def _mark(value: bool) -> str:
    return "✔" if value else "✘"
