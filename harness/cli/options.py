"""The flags: one name, one meaning, in every command.

None is what a flag is when nobody gave it; the defaults themselves belong to what the flags are for.
The words for defaults here are only shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from harness import choices
from harness.cli import completion, parse

_CASE, _JUDGING, _OUTPUT = "What is run", "How it is judged", "What comes out"


def _flag(
    name: str,
    metavar: str,
    help: str,
    parser: Callable[[str], object],
    *,
    default: str | bool = False,
    panel: str = _CASE,
    short: str = "",
    older: str = "",
    complete: Callable[..., list[str]] | None = None,
) -> Any:
    names = tuple(filter(None, (name, older, short)))
    return typer.Option(
        *names,
        metavar=metavar,
        help=help,
        parser=parser,
        show_default=default,
        rich_help_panel=panel,
        autocompletion=complete,
    )


def _choice(name: str, words: Sequence[str], help: str, **more: Any) -> Any:
    return _flag(name, "|".join(words), help, parse.one_of(words), complete=completion.words(words), **more)


def _model(help: str, **more: Any) -> Any:
    return _flag("--model", "NAME", help, parse.parse_model, short="-m", complete=completion.models, **more)


def _output(metavar: str, help: str, parser: Callable[[str], object], **more: Any) -> Any:
    return _flag("--output", metavar, help, parser, panel=_OUTPUT, short="-o", **more)


def _file(metavar: str, help: str, parser: Callable[[str], object] = parse.parse_file) -> Any:
    return typer.Argument(metavar=metavar, help=help, parser=parser, show_default=False)


Model = Annotated[str, _model("The pair to run; `align list` shows them.")]
ModelOrClasses = Annotated[
    str | None,
    _model("The pair to run; `align list` shows them.", default="none: --torch, --jittor"),
]
TorchClass = Annotated[
    str | None,
    _flag("--torch", "MODULE:CLASS", "Instead of --model: the PyTorch class.", parse.parse_entry),
]
JittorClass = Annotated[
    str | None, _flag("--jittor", "MODULE:CLASS", "Beside --torch: the Jittor class.", parse.parse_entry)
]
Inputs = Annotated[
    list[str] | None,
    _flag(
        "--input",
        "NAME=SHAPE[:LAW]",
        "Beside --torch, for each input in order: image=1x3x224x224, mask=2x16:bool, ids=2x16:0..999.",
        parse.parse_input,
    ),
]
PairOut = Annotated[Path, _output("FILE.py", "Where to write the declaration.", parse.parse_python_out)]
Arguments = Annotated[
    list[str] | None,
    _flag(
        "--arg",
        "NAME=VALUE",
        "Beside --torch: an argument of both classes; repeatable.",
        parse.parse_assignment,
    ),
]
Map = Annotated[
    Path | None,
    _flag(
        "--map",
        "FILE.json",
        "Beside --torch: what `align map` wrote, where the layers of the port have other names.",
        parse.parse_file,
    ),
]
MapOut = Annotated[Path | None, _output("FILE.json", "Keep the map in this file.", parse.parse_json_out)]
ModelOrRun = Annotated[
    str | None, _model("The pair to run; `align list` shows them.", default="none: it goes with a run")
]
Data = Annotated[
    str | None,
    _flag(
        "--data",
        "synthetic|FOLDER",
        "Seeded scenes, or a data set in its published layout.",
        parse.parse_data,
        default="synthetic",
    ),
]
Fold = Annotated[int | None, _flag("--fold", "N", "The fold of the data set.", parse.parse_seed)]
Limit = Annotated[
    int | None, _flag("--limit", "N", "At most so many samples.", parse.parse_count, default="all")
]
OwnModel = Annotated[
    str | None,
    _model(
        "The pair that the file is of, where it is not built in: no code that a file names is run.",
        default="the built-in pair that the file names",
    ),
]
OwnOverrides = Annotated[
    str | None, _model("The pair whose overrides judge, instead of those in the file.", panel=_JUDGING)
]
WarmModel = Annotated[
    str | None, _model("The pair whose operators are compiled.", default="none: Jittor's core alone")
]
AnyModel = Annotated[str | None, _model("This pair alone.", default="every pair")]
Variant = Annotated[
    str | None,
    _flag(
        "--variant",
        "NAME",
        "Its variant.",
        parse.parse_name,
        default="the pair's first",
        complete=completion.variants,
    ),
]
Options = Annotated[
    list[str] | None,
    _flag(
        "--option",
        "NAME=VALUE",
        "What of the variant can be chosen, such as camera=3; repeatable.",
        parse.parse_option,
        complete=completion.options,
    ),
]
EveryVariant = Annotated[
    str | None,
    _flag(
        "--variant",
        "NAME",
        "This variant alone.",
        parse.parse_name,
        default="all of the pair's",
        complete=completion.variants,
    ),
]
Layers = Annotated[
    str | None,
    _flag(
        "--layers",
        "all|leaf|GLOB,...",
        "The layers to record: all, those without layers inside, or those whose paths match a glob.",
        parse.parse_layers,
        default="all",
    ),
]
Weights = Annotated[
    str | None,
    _flag(
        "--weights",
        "seeded|FILE",
        "Weights drawn from the seed, or a checkpoint.",
        parse.parse_weights,
        default="seeded",
    ),
]
OwnWeights = Annotated[
    str | None,
    _flag(
        "--weights",
        "FILE",
        "The checkpoint that the file is of, if its weights were not seeded: no path in a file is read.",
        parse.parse_weights,
    ),
]
Device = Annotated[
    str | None,
    _choice(
        "--device",
        (choices.AUTO, *choices.DEVICES),
        "Where both sides compute; auto: on the GPU if both can use it, else on the CPU.",
        default="auto",
    ),
]
Dtype = Annotated[
    str | None, _choice("--dtype", choices.DTYPES, "What both sides compute in.", default="float32")
]
Mode = Annotated[
    str | None,
    _choice(
        "--mode",
        choices.MODES,
        "eval: forward; train: forward and backward; frozen: the same on running statistics.",
        default="eval",
    ),
]
ModeOrStep = Annotated[
    str | None,
    _choice(
        "--mode",
        (*choices.MODES, choices.STEP),
        "eval: forward; train: forward and backward; frozen: the same on running statistics; step: the "
        "optimiser alone, by the recipe.",
        default="eval",
    ),
]
Modes = Annotated[list[str] | None, _choice("--mode", choices.MODES, "A mode; repeatable.")]
BenchModes = Annotated[
    list[str] | None,
    _choice("--mode", (choices.INFER, *choices.MODES), "A mode; infer is another word for eval. Repeatable."),
]
Seed = Annotated[
    int | None, _flag("--seed", "N", "What weights and inputs are drawn from.", parse.parse_seed, default="0")
]
InputSize = Annotated[
    str | None,
    _flag(
        "--input-size", "HxW", "Height and width of the input.", parse.parse_size, default="the pair's own"
    ),
]
Batch = Annotated[
    int | None, _flag("--batch", "N", "Samples in a batch.", parse.parse_count, default="the pair's own")
]
Timeout = Annotated[
    float | None,
    _flag(
        "--timeout",
        "SECONDS",
        "The longest one request to a side may take.",
        parse.parse_timeout,
        default="1800",
    ),
]
Reference = Annotated[
    str | None,
    _flag(
        "--reference",
        "golden|TRACE",
        "A stored trace to use instead of running the reference.",
        parse.parse_reference,
        default="run it",
    ),
]
Side = Annotated[str, _choice("--side", choices.SIDES, "The side to record.")]
Upstream = Annotated[
    Path, _flag("--upstream", "CHECKOUT", "A checkout of the upstream repository.", parse.parse_folder)
]
Entry = Annotated[
    str | None,
    _flag(
        "--entry",
        "MODULE:CLASS",
        "The network in the checkout.",
        parse.parse_entry,
        default="found by its name",
    ),
]
EntryOptions = Annotated[
    list[str] | None,
    _flag("--option", "NAME=VALUE", "An argument of that class; repeatable.", parse.parse_assignment),
]
Truth = Annotated[
    Path | None,
    _flag(
        "--truth",
        "FILE.h5",
        "The float64 run that the noise is measured against.",
        parse.parse_file,
        default="the one beside A.h5, if any",
        panel=_JUDGING,
    ),
]

Policy = Annotated[
    str | None,
    _choice(
        "--policy",
        choices.POLICIES,
        "noise: the reference's own error in float32 is the yardstick; fixed: --rtol and --atol; "
        "metric: the published figures.",
        default="noise",
        panel=_JUDGING,
    ),
]
Rtol = Annotated[
    list[str] | None,
    _flag(
        "--rtol",
        "X|GLOB=X",
        "Relative tolerance; for the addresses that match GLOB if one is given. Repeatable.",
        parse.parse_tolerance,
        panel=_JUDGING,
    ),
]
Atol = Annotated[
    list[str] | None,
    _flag(
        "--atol", "X|GLOB=X", "Absolute tolerance, in the same form.", parse.parse_tolerance, panel=_JUDGING
    ),
]
Judge = Annotated[
    str | None,
    _choice(
        "--judge",
        choices.JUDGES,
        "What decides: all tensors, or what leaves the model: outputs, losses, buffers, gradients.",
        default="all",
        panel=_JUDGING,
    ),
]
MinCoverage = Annotated[
    float | None,
    _flag(
        "--min-coverage",
        "SHARE",
        "The share of layers and operations to be compared; below it, aligned becomes inconclusive.",
        parse.parse_whole_share,
        default="0",
        panel=_JUDGING,
    ),
]

Json = Annotated[
    bool, typer.Option("--json", help="Write one JSON document to standard output.", rich_help_panel=_OUTPUT)
]
Keep = Annotated[
    str | None,
    _choice(
        "--keep",
        choices.KEEPS,
        "What stays of the traces: statistics and samples, every element, or nothing.",
        default="compact",
        panel=_OUTPUT,
    ),
]
Dropout = Annotated[
    str | None,
    _choice(
        "--dropout",
        choices.DROPOUTS,
        "Let dropouts drop, by the same masks on both sides, or switch all of them off.",
        default="shared",
    ),
]
Isolated = Annotated[
    str | None,
    _choice(
        "--isolated",
        choices.ISOLATIONS,
        "Run each layer alone on the reference's inputs, to tell where errors are made: where something "
        "diverged, always, or never.",
        default="auto",
        panel=_JUDGING,
        older="--local",
    ),
]
TraceKeep = Annotated[
    str | None,
    _choice(
        "--keep",
        choices.TRACE_KEEPS,
        "Statistics and samples, or every element.",
        default="compact",
        panel=_OUTPUT,
    ),
]
NoTruth = Annotated[
    bool,
    typer.Option(
        "--no-truth",
        help="Leave out the reference's float64 run and its noise: much is inconclusive without them.",
        rich_help_panel=_OUTPUT,
    ),
]
RunFolder = Annotated[
    Path | None,
    _output(
        "FOLDER", "The folder of this run.", parse.parse_folder_out, default="runs/<time>-<model>-<variant>"
    ),
]
GoldenFolder = Annotated[
    Path | None,
    _output("FOLDER", "The folder of goldens.", parse.parse_folder_out, default="the project's own"),
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace the file to write if it exists.", rich_help_panel=_OUTPUT)
]
TraceOut = Annotated[Path, _output("FILE.h5", "The trace to write.", parse.parse_trace_out)]
JsonOut = Annotated[
    Path | None, _output("FILE.json", "Keep the alignment in this file.", parse.parse_json_out)
]
ReportOut = Annotated[
    Path, _output("FILE", "The report to write: .html, .md, .xml (JUnit) or .json.", parse.parse_report_out)
]

DataModel = Annotated[str | None, _model("The pair whose data it is.", default="the one that has such data")]
Source = Annotated[
    Path, _flag("--source", "FOLDER", "The published data set, downloaded.", parse.parse_folder)
]
Target = Annotated[
    Path,
    _flag("--target", "FOLDER", "The folder to write; new or empty.", parse.parse_folder_out, panel=_OUTPUT),
]
Annotations = Annotated[
    Path | None,
    _flag(
        "--annotations",
        "FILE.json",
        "The objects of the images.",
        parse.parse_file,
        default="the first annotations/instances_*.json",
    ),
]
ImageCount = Annotated[
    int | None, _flag("--num-images", "N", "How many images to take.", parse.parse_count, default="1000")
]
Classes = Annotated[
    str | None,
    _flag(
        "--classes",
        "NAME,NAME",
        "The classes to keep, in this order.",
        parse.parse_names,
        default="ten common ones",
    ),
]
DataSeed = Annotated[
    int | None,
    _flag(
        "--seed",
        "N",
        "What decides which images, and which are for training.",
        parse.parse_seed,
        default="42",
    ),
]
Split = Annotated[
    float | None,
    _flag("--split", "SHARE", "The share of images for training.", parse.parse_share, default="0.8"),
]

TraceA = Annotated[Path, _file("A.h5", "The trace to measure against.")]
TraceB = Annotated[Path, _file("B.h5", "The trace to judge.")]
Stored = Annotated[
    Path, _file("ALIGNMENT", "An alignment.json, or the run folder with it.", parse.parse_stored)
]
Results = Annotated[
    Path,
    _file(
        "RUN",
        "A stored alignment, training, evaluation or measurement, its run folder, or a folder of many runs.",
        parse.parse_results,
    ),
]
OtherResult = Annotated[
    Path | None, _file("[RUN]", "A second result of the same kind: what changed.", parse.parse_results)
]
Anything = Annotated[
    Path,
    _file("FILE", "A trace, an alignment.json, an evaluation.json or a run folder.", parse.parse_shown),
]
Address = Annotated[
    str | None,
    typer.Argument(
        metavar="[ADDRESS]", help="One address, or a glob; of an evaluation, samples.", show_default=False
    ),
]
