"""`align train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import options, parse, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.errors import BadInput

if TYPE_CHECKING:
    from harness.flows.train_request import TrainRequest

TWINS = 4
MARGIN = 0.01
_TRAINING, _OUTPUT = "How it is trained", "What comes out"


def _option(name: str, metavar: str, help: str, parser: Any, default: str | bool = False) -> Any:
    panel = _OUTPUT if name in ("--every", "--keep", "--resume") else _TRAINING
    return typer.Option(
        name, metavar=metavar, help=help, parser=parser, show_default=default, rich_help_panel=panel
    )


Recipe = Annotated[
    str | None,
    _option(
        "--recipe",
        "NAME",
        "published: as long as the published training; short: its first steps; or one of the pair's own.",
        parse.parse_name,
        "short, 32 steps",
    ),
]
Epochs = Annotated[
    int | None,
    _option("--epochs", "N", "The length that the schedule knows.", parse.parse_count, "the recipe's"),
]
Steps = Annotated[
    int | None, _option("--steps", "N", "Stop after so many steps.", parse.parse_count, "all epochs")
]
Rate = Annotated[float | None, _option("--lr", "X", "The learning rate.", parse.parse_rate, "the recipe's")]
Loaders = Annotated[
    int | None,
    _option("--loaders", "N", "Processes that read batches; 0 for none.", parse.parse_seed, "1"),
]
Every = Annotated[
    int | None,
    _option("--every", "N", "Steps between two checkpoints.", parse.parse_count, "an epoch"),
]
Keep = Annotated[int | None, _option("--keep", "N", "How many checkpoints are kept.", parse.parse_count, "2")]
Twins = Annotated[
    int | None,
    _option(
        "--twins",
        "N",
        "Runs of the reference from weights moved by their last bit; 0: the port's own run is not judged.",
        parse.parse_seed,
        str(TWINS),
    ),
]
Seeds = Annotated[
    int | None,
    _option(
        "--seeds",
        "N",
        "Train N times, each from another seed, and compare the last metrics.",
        parse.parse_count,
        "1",
    ),
]
Margin = Annotated[
    float | None,
    _option(
        "--margin",
        "X",
        "With --seeds: the difference that does not matter, as a share of the reference's mean.",
        parse.parse_share,
        str(MARGIN),
    ),
]
MetricsEvery = Annotated[
    int | None,
    _option("--metrics-every", "N", "Epochs between two takes of the metrics.", parse.parse_count, "1"),
]
Resume = Annotated[
    Path | None,
    _option(
        "--resume",
        "RUN",
        "Go on with a run. --steps may go with it; its own pair and files are named again.",
        parse.parse_folder,
    ),
]  # fmt: skip


def train(
    context: typer.Context,
    model: options.ModelOrRun = None,
    variant: options.Variant = None,
    option: options.Options = None,
    recipe: Recipe = None,
    epochs: Epochs = None,
    steps: Steps = None,
    batch: options.Batch = None,
    lr: Rate = None,
    seed: options.Seed = None,
    input_size: options.InputSize = None,
    weights: options.Weights = None,
    data: options.Data = None,
    fold: options.Fold = None,
    limit: options.Limit = None,
    loaders: Loaders = None,
    dropout: options.Dropout = None,
    no_forced: Annotated[
        bool,
        typer.Option("--no-forced-steps", help="Take no forced steps.", rich_help_panel=_TRAINING),
    ] = False,
    twins: Twins = None,
    seeds: Seeds = None,
    margin: Margin = None,
    no_metrics: Annotated[
        bool,
        typer.Option("--no-metrics", help="Take no metrics after an epoch.", rich_help_panel=_TRAINING),
    ] = False,
    metrics_every: MetricsEvery = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan", help="Show groups, rates and events, and train nothing.", rich_help_panel=_TRAINING
        ),
    ] = False,
    device: options.Device = None,
    timeout: options.Timeout = None,
    every: Every = None,
    keep: Keep = None,
    resume: Resume = None,
    output: options.RunFolder = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Train both sides in lockstep on the same batches, and tell bugs from chaos by forced steps.

    Exits with 0 if every forced step aligned, 1 if one diverged, 4 if a side died, 5 if nothing was
    decided. Ctrl-C keeps a checkpoint; --resume goes on from it.
    """
    from harness.flows import train as flow

    if resume is not None:
        _refuse_beside_resume(context.params)
        with listening() as listener:
            return _result(flow.resume(resume, listener, steps, **_named_again(context.params)), str(resume))
    request = _request(context.params)
    with listening() as listener:
        if plan:
            return _planned(request, listener)
        if seeds is not None and seeds > 1:
            return _over_seeds(request, seeds, MARGIN if margin is None else margin, listener)
        return _result(flow.train(request, listener), listener.folder)


def _refuse_beside_resume(given: dict[str, Any]) -> None:
    allowed = ("resume", "steps", "as_json", "model", "weights", "data")
    more = [name for name, value in given.items() if value and name not in allowed]
    if more:
        flags = ", ".join("--" + name.replace("_", "-") for name in more)
        raise BadInput(f"--resume goes on with what the run was begun with; leave out {flags}")


def _named_again(given: dict[str, Any]) -> dict[str, Any]:
    """A file names neither code to run nor a path to read, so a user does."""
    data = given["data"]
    folder = None if data in (None, parse.SYNTHETIC) else Path(data)
    return {"model": given["model"], "weights": given["weights"], "data": folder}


def _request(given: dict[str, Any]) -> TrainRequest:
    from harness.flows.train_request import TrainRequest

    if given["model"] is None:
        raise BadInput("name the pair to train with --model, or a run to go on with by --resume")
    names = ("model", "recipe", "epochs", "steps", "batch", "lr", "seed", "weights", "fold", "limit",
             "loaders", "dropout", "device", "timeout", "every", "keep", "output")  # fmt: skip
    values = {name: given[name] for name in names if given[name] is not None}
    if given["data"] not in (None, parse.SYNTHETIC):
        values["data"] = Path(given["data"])
    return TrainRequest(
        **values,
        variant=request_from_flags.variant(given),
        input_size=parse.size(given["input_size"]),
        forced=not given["no_forced"],
        twins=TWINS if given["twins"] is None else given["twins"],
        evaluate=not given["no_metrics"],
        evaluate_every=given["metrics_every"] or 1,
    )


def _result(training: Any, folder: str) -> CommandResult:
    from reports import training as drawn

    return CommandResult(
        drawn.exit_code(training),
        drawn.document(training),
        lambda console: drawn.draw(training, console, folder),
    )


def _over_seeds(request: TrainRequest, seeds: int, margin: float, listener: Any) -> CommandResult:
    from harness.flows.train_seeds import train_seeds
    from reports import seeds as drawn

    found = train_seeds(request, seeds, margin, listener)
    return CommandResult(found.exit_code, drawn.document(found), lambda console: drawn.draw(found, console))


def _planned(request: TrainRequest, listener: Any) -> CommandResult:
    from harness.flows.plan import plan_of
    from reports.plan import draw_plan

    found = plan_of(request, listener)
    return CommandResult(0, found.to_dict(), lambda console: draw_plan(found, console))
