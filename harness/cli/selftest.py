"""`align selftest`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import options, parse, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from harness.flows.selftest import SelftestScore
    from harness.flows.train_request import TrainRequest

_EVERY_PLACE = 1_000_000

Sample = Annotated[
    int | None,
    typer.Option(
        "--sample",
        metavar="N",
        help="How many mistakes to plant.",
        parser=parse.parse_count,
        show_default="all, at every place; with --train one of each kind",
    ),
]
Train = Annotated[
    bool, typer.Option("--train", help="Plant mistakes in training instead, found by forced steps.")
]
All = Annotated[bool, typer.Option("--all", help="With --train: plant at every place.")]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps", metavar="N", help="With --train: how many steps are taken.", parser=parse.parse_count,
        show_default="6",
    ),
]  # fmt: skip
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
    train: Train = False,
    every: All = False,
    steps: Steps = None,
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

    With --train they are mistakes in training: rates, groups, decay, momentum, averages, norms and more.

    Says of your own pair what your settings would not catch. Exits with 0 if every mistake was
    detected and the sound port never accused, else with 1.
    """
    from harness.flows import selftest as flows

    with listening() as listener:
        if train:
            result = _in_training(context.params, listener)
        else:
            _refuse(context.params, "steps", "every", reason="is for --train")
            asked = request_from_flags.request(context.params)
            result = flows.selftest_pair(asked, sample, seeds or 1, listener)
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


def _in_training(given: dict[str, Any], listener: Any) -> SelftestScore:
    from harness.flows.selftest_training import selftest_training

    _refuse(given, "policy", "rtol", "atol", reason="is not for --train, which has a policy of its own")
    if given["every"] and given["sample"]:
        raise BadInput("--all plants every mistake and --sample some: leave one out")
    count = _EVERY_PLACE if given["every"] else given["sample"]
    return selftest_training(_training_request(given), count, given["seeds"] or 1, listener)


def _refuse(given: dict[str, Any], *names: str, reason: str) -> None:
    for name in names:
        if given[name]:
            flag = "all" if name == "every" else name
            raise BadInput(f"--{flag} {reason}; leave it out")


def _training_request(given: dict[str, Any]) -> TrainRequest:
    from harness.flows.selftest_training import STEPS
    from harness.flows.train_request import TrainRequest

    names = ("model", "variant", "seed", "batch", "timeout")
    values = {name: given[name] for name in names if given[name] is not None}
    size = parse.size(given["input_size"])
    return TrainRequest(**values, input_size=size, steps=given["steps"] or STEPS, loaders=0)


def _draw(result: SelftestScore, console: Console) -> None:
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
