"""`align evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import options, parse
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.errors import BadInput

if TYPE_CHECKING:
    from harness.evaluating.result import Evaluation
    from harness.flows.evaluate_request import EvaluateRequest

SPLITS = {"test": "val", "val": "val", "train": "train"}  # the published test list is the one validated on
_EVALUATING = "What is evaluated"


def _option(name: str, metavar: str, help: str, parser: Any, default: str | bool = False) -> Any:
    return typer.Option(
        name, metavar=metavar, help=help, parser=parser, show_default=default, rich_help_panel=_EVALUATING
    )


PortWeights = Annotated[
    str | None,
    _option(
        "--port-weights",
        "FILE",
        "The port's own checkpoint: of another training, so metrics alone are judged.",
        parse.parse_weights,
        "those of --weights",
    ),
]
SplitName = Annotated[
    str | None,
    _option("--split", "test|val|train", "The part of the data set.", parse.one_of(tuple(SPLITS)), "test"),
]
Batch = Annotated[int | None, _option("--batch", "N", "Samples at once.", parse.parse_count, "1")]
Margin = Annotated[
    float | None,
    _option(
        "--margin",
        "X",
        "How far a metric may be off, as a share of the reference's: 0.01 or 0.03 as published.",
        parse.parse_share,
        "0.01",
    ),
]

SkipBroken = Annotated[
    bool,
    typer.Option(
        "--skip-broken", help="Samples that cannot be read are no error.", rich_help_panel=_EVALUATING
    ),
]
Pictures = Annotated[
    int | None,
    _option(
        "--pictures", "N", "Draw so many of the worst samples, and as many others.", parse.parse_seed, "4"
    ),
]


Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN...]",
        help="With --compare: runs, TOML files, or built-in pairs for their published figures.",
        show_default=False,
    ),
]
Compare = Annotated[
    bool,
    typer.Option(
        "--compare",
        help="Evaluate nothing, and put evaluations and published figures beside each other.",
        rich_help_panel=_EVALUATING,
    ),
]

Resume = Annotated[
    Path | None,
    _option("--resume", "RUN", "Go on with an evaluation that was broken off.", parse.parse_folder),
]


def evaluate(
    context: typer.Context,
    sources: Sources = None,
    model: options.ModelOrRun = None,
    compare: Compare = False,
    variant: options.Variant = None,
    weights: options.Weights = None,
    port_weights: PortWeights = None,
    data: options.Data = None,
    split: SplitName = None,
    fold: options.Fold = None,
    limit: options.Limit = None,
    batch: Batch = None,
    input_size: options.InputSize = None,
    seed: options.Seed = None,
    device: options.Device = None,
    timeout: options.Timeout = None,
    margin: Margin = None,
    pictures: Pictures = None,
    skip_broken: SkipBroken = False,
    resume: Resume = None,
    output: options.RunFolder = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Take the metrics of given weights on a data set, both sides, and judge every sample.

    With one checkpoint for both sides the outputs must agree to noise on every sample. With --port-weights
    the metrics are held against each other. Exits with 5 where the metrics show nothing.
    """
    from harness.flows.evaluate import evaluate as flow

    if compare:
        return _compared(context.params)
    if resume is not None:
        return _resumed(context.params)
    if sources or model is None:
        raise BadInput(_usage(sources))
    request = _request(context.params)
    with listening() as listener:
        found, folder = flow(request, listener)
    return result(found, folder, skip_broken)


def _resumed(given: dict[str, Any]) -> CommandResult:
    from harness.flows.evaluate import resume as flow

    again = ("model", "weights", "port_weights", "data")
    allowed = ("resume", "skip_broken", "as_json", *again)
    more = [name for name, value in given.items() if value and name not in allowed]
    if more:
        flags = ", ".join("--" + name.replace("_", "-") for name in more)
        raise BadInput(f"--resume goes on with what the run was begun with; leave out {flags}")
    with listening() as listener:
        named = {name: given[name] for name in again}
        if named["data"] is not None:
            named["data"] = Path(named["data"])
        found, folder = flow(given["resume"], listener, **named)
    return result(found, folder, given["skip_broken"])


def _usage(sources: list[str] | None) -> str:
    if sources:
        return f"unexpected argument {sources[0]}: only --compare takes evaluations that are there already"
    return "name the pair to evaluate with --model, or evaluations to put beside each other with --compare"


def _compared(given: dict[str, Any]) -> CommandResult:
    from harness.evaluating.side_by_side import side_by_side
    from reports import side_by_side as drawn

    allowed = ("compare", "sources", "margin", "as_json")
    more = [name for name, value in given.items() if value and name not in allowed]
    if more or not given["sources"]:
        flags = ", ".join("--" + name.replace("_", "-") for name in more)
        raise BadInput(f"--compare evaluates nothing; leave out {flags}" if more else "name what to compare")
    found = side_by_side(given["sources"], 0.01 if given["margin"] is None else given["margin"])
    return CommandResult(0, drawn.document(found), lambda console: drawn.draw(found, console))


def _request(given: dict[str, Any]) -> EvaluateRequest:
    from harness.flows.evaluate_request import EvaluateRequest

    names = ("model", "variant", "weights", "port_weights", "fold", "limit", "batch", "seed", "device",
             "timeout", "margin", "pictures", "skip_broken", "output")  # fmt: skip
    values = {name: given[name] for name in names if given[name] is not None}
    if given["data"] not in (None, parse.SYNTHETIC):
        values["data"] = Path(given["data"])
    return EvaluateRequest(
        **values,
        split=SPLITS[given["split"] or "test"],  # type: ignore[arg-type]
        input_size=parse.size(given["input_size"]),
    )


def _broken(found: Evaluation, folder: Path) -> str:
    named = "; ".join(f"{one.name}: {one.why}" for one in found.broken)
    return (
        f"{len(found.broken)} of {len(found.broken) + len(found.samples)} samples cannot be read: {named}. "
        f"What the others show is kept in {folder}; mend these, or evaluate with --skip-broken"
    )


def result(found: Evaluation, folder: Path, skip_broken: bool) -> CommandResult:
    """How the command ends; samples that cannot be read are an error unless they may be skipped."""
    from reports import evaluation as drawn

    if found.broken and not skip_broken:
        raise BadInput(_broken(found, folder))
    return CommandResult(
        found.exit_code,
        drawn.document(found, str(folder)),
        lambda console: drawn.draw(found, console, str(folder)),
    )
