"""`align bench`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli import options, parse, request_from_flags
from harness.cli.command_result import CommandResult
from harness.cli.live import listening

if TYPE_CHECKING:
    from harness.bench.baseline import RatioChange
    from harness.bench.result import Bench
    from harness.flows.bench_request import BenchRequest

_MEASURING, _OUTPUT = "How it is measured", "What comes out"


def _option(name: str, metavar: str, help: str, parser: Any, default: str | bool = False) -> Any:
    return typer.Option(
        name, metavar=metavar, help=help, parser=parser, show_default=default, rich_help_panel=_MEASURING
    )


def _switch(name: str, help: str) -> Any:
    return typer.Option(name, help=help, rich_help_panel=_MEASURING)


Batches = Annotated[
    str | None,
    _option(
        "--batch",
        "N,N",
        "Samples in a batch; several sizes with commas.",
        parse.parse_counts,
        "the pair's own",
    ),
]
Seconds = Annotated[
    float | None,
    _option("--seconds", "X", "Start no more rounds after so long, for each row.", parse.parse_timeout, "60"),
]
MetricData = Annotated[
    str | None,
    _option(
        "--data",
        "synthetic|FOLDER",
        "Take the metric of each contestant on this data set, too.",
        parse.parse_data,
    ),
]
Memory = Annotated[
    int | None,
    _option(
        "--memory",
        "SIZE",
        "Look for the largest batch whose peak stays below, such as 2GiB.",
        parse.parse_bytes,
    ),
]
Baseline = Annotated[
    Path | None,
    _option(
        "--baseline",
        "OLD",
        "An earlier bench.json of this machine to hold this one against.",
        parse.parse_measured,
    ),
]
FailSlower = Annotated[
    str | None,
    _option(
        "--fail-slower", "5%", "How much the port may lose against the baseline.", parse.parse_percent, "5%"
    ),
]


def bench(
    context: typer.Context,
    model: options.Model,
    variant: options.Variant = None,
    option: options.Options = None,
    mode: options.BenchModes = None,
    batch: Batches = None,
    input_size: options.InputSize = None,
    weights: options.Weights = None,
    seed: options.Seed = None,
    device: options.Device = None,
    timeout: options.Timeout = None,
    seconds: Seconds = None,
    layers: Annotated[bool, _switch("--layers", "Take the time of each layer as well.")] = False,
    ablate: Annotated[bool, _switch("--ablate", "Measure each optimisation of each side as well.")] = False,
    data: MetricData = None,
    limit: options.Limit = None,
    memory: Memory = None,
    allow_unequal: Annotated[
        bool, _switch("--allow-unequal", "Measure although the settings of the sides differ.")
    ] = False,
    baseline: Baseline = None,
    fail_slower: FailSlower = None,
    output: options.RunFolder = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Measure speed and memory of both sides, in turns, in fresh processes.

    Exits with 0 when done. With --baseline: 1 if the port became slower than allowed.
    """
    from harness.bench.baseline import changes
    from harness.bench.result import Bench
    from harness.flows.bench_run import keep, measure

    old = Bench.load(baseline) if baseline is not None else None
    request = _request(context.params)
    with listening() as listener:
        found, folder = measure(request, output, listener, old)
    kept = keep(found, folder)
    changed = changes(old, found, parse.percent(fail_slower or "5%")) if old is not None else []
    return _result(found, changed, str(kept))


def _request(given: dict[str, Any]) -> BenchRequest:
    from harness.flows.bench_request import BenchRequest

    names = ("model", "weights", "seed", "device", "timeout", "seconds", "memory", "limit")
    values = {name: given[name] for name in names if given[name] is not None}
    return BenchRequest(
        **values,
        variant=request_from_flags.variant(given),
        modes=request_from_flags.modes(given["mode"], ("eval", "train")),
        batches=parse.counts(given["batch"]),
        input_size=parse.size(given["input_size"]),
        ablate=given["ablate"],
        layers=given["layers"],
        metric=given["data"] is not None,
        data=None if given["data"] in (None, parse.SYNTHETIC) else Path(given["data"]),
        allow_unequal=given["allow_unequal"],
    )


def _result(found: Bench, changed: list[RatioChange], folder: str) -> CommandResult:
    from harness import json_codec
    from reports import bench as drawn

    code = int(any(change.too_slow for change in changed))
    document = {
        **json_codec.to_plain(found),
        "changes": [asdict(change) for change in changed],
        "exit_code": code,
    }
    return CommandResult(code, document, lambda console: drawn.draw(found, changed, console, folder))
