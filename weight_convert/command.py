"""convert-weights: the command.

A conversion is over in about a second, so its arguments are parsed by what Python starts fastest with.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import gc
import io
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from harness import mistake, process
from harness.errors import BAD_INPUT, INTERRUPTED, TERMINATED, WORKER_LOST, BadInput, HarnessError
from harness.files import clear_left, write_file
from harness.text import printable
from weight_convert.source_digest import begin
from weight_convert.supervised import supervised

if TYPE_CHECKING:
    from weight_convert.converting import ConversionRequest

_FLAGS = {
    "--deploy": "Fold what the model folds for deployment.",
    "--float32": "Widen half and bfloat16 numbers.",
    "--verify": "Also build both models and compare their outputs.",
    "--dry-run": "Do everything but write.",
    "--force": "Replace DESTINATION if it exists.",
    "--draft-map": "Print the draft of a key map instead of converting.",
    "--json": "Print the report for machines.",
}


NAME = "convert-weights"


def command() -> NoReturn:
    """Run the command; every failure is one message and an exit code."""
    try:
        options = _options()
        supervised(lambda number: _killed(options, number))
        with process.clearing_away():
            text, code = _run(options)
            process.finished()
    except _Misuse as error:
        _fail(str(error), error.exit_code, f"Try: {NAME} --help")
    except HarnessError as error:
        _fail(str(error), error.exit_code)
    except process.Terminated:
        _fail("terminated", TERMINATED)
    except KeyboardInterrupt:
        _fail("interrupted", INTERRUPTED)
    except Exception as error:
        _fail(*mistake.judged(NAME, sys.argv[1:], error))
    gc.freeze()  # nor when Python looks once more at its end
    process.end(process.write(NAME, sys.stdout, text) or code)


class _Misuse(BadInput):
    """Arguments that this command does not take."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Misuse(message)


def _options() -> argparse.Namespace:
    """What was asked for; the help is written here and ends the process."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            return _parser().parse_args()
    except SystemExit as ending:
        process.end(process.write(NAME, sys.stdout, printed.getvalue()) or (BAD_INPUT if ending.code else 0))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=NAME,
        description="Convert a checkpoint between PyTorch, Jittor, npz, safetensors and HDF5, with proof.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("source", metavar="SOURCE", type=Path, help="The checkpoint to read; its content decides the format.")
    add(
        "destination",
        metavar="DESTINATION",
        nargs="?",
        type=Path,
        help="The file to write; its name decides the format.",
    )
    add("--model", metavar="NAME", help="Check the keys against this model.")
    add("--variant", metavar="NAME", help="Its variant; the first one if not given.")
    add("--like", metavar="FILE", type=Path, help="Check the keys against this checkpoint instead.")
    add("--map", metavar="MAP", dest="key_map", help="A key map: a TOML file or a shipped one.")
    add(
        "--prefix-strip", metavar="PREFIX", action="append", default=[], help="Take this prefix off the keys."
    )
    add("--select", metavar="PART", help="The part of the file that is meant, as params_ema.")
    strictness = parser.add_mutually_exclusive_group()
    strictness.add_argument("--partial", action="store_true", help="Write what fits and report the rest.")
    strictness.add_argument(
        "--strict", action="store_false", dest="partial", help="Refuse what does not fit (the default)."
    )
    for flag, help in _FLAGS.items():
        add(flag, action="store_true", help=help)
    return parser


def _run(options: argparse.Namespace) -> tuple[str, int]:
    """What to write to standard output, and the exit code."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's would spin where the digests are computed
    gc.disable()  # a conversion ends before a collection would pay: 20 MB take 0.27 s (CPU) instead of 0.30
    if not (options.draft_map or options.dry_run):
        begin(options.source)
    from weight_convert.converting import ConversionRequest, convert, draft
    from weight_convert.verify import needs_model, verify
    from weight_convert.words import lines

    request = ConversionRequest(
        options.source,
        options.destination,
        options.model,
        options.variant,
        options.like,
        options.key_map,
        tuple(options.prefix_strip),
        options.select,
        options.deploy,
        options.float32,
        options.partial,
        options.dry_run,
        options.force,
    )
    if options.draft_map:
        return _drafted(draft(request), request), 0
    verified = needs_model(options.model) if options.verify else None
    report = convert(request)
    if verified is not None and not options.dry_run:
        gc.enable()
        found = verify(Path(report.destination), verified, options.variant)
        report = dataclasses.replace(report, verified=found.sentence, exit_code=found.exit_code)
    text = report.to_json() if options.json else "\n".join(map(printable, lines(report)))
    return f"{text}\n", report.exit_code


def _drafted(text: str, request: ConversionRequest) -> str:
    """The draft of a key map, written to the destination if there is one."""
    if request.destination is None:
        return text
    write_file(request.destination, text, replace=request.replace)
    return ""


def _killed(options: argparse.Namespace, number: signal.Signals) -> NoReturn:
    """Remove the unfinished files of a conversion, and report what ended it."""
    if options.destination is not None:
        clear_left(options.destination.absolute().parent)
    if number == signal.SIGBUS:
        read = " or ".join(str(path) for path in (options.source, options.like) if path is not None)
        what = f"{read} was cut short, or its disk failed, while it was read; nothing was written"
        _fail(f"{what}. Convert it again when it is whole", BAD_INPUT)
    what = f"the conversion was killed by signal {number.value} ({number.name}); nothing was written"
    _fail(f"{what}. If memory was short, free some", WORKER_LOST)


def _fail(message: str, code: int, hint: str = "") -> NoReturn:
    if "--json" in sys.argv:
        said = f"{message}\n{hint}" if hint else message
        process.write(NAME, sys.stdout, json.dumps({"error": said, "exit_code": code}) + "\n")
    process.tell(NAME, message, hint)
    process.end(code)
