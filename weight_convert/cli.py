"""convert-weights: the command.

A conversion is over in about a second, so its arguments are parsed by what Python starts fastest with.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from harness import own_packages
from harness.cli import Terminated
from harness.errors import BAD_INPUT, HarnessError
from harness.files import write_file
from weight_convert.source_digest import begin

if TYPE_CHECKING:
    from weight_convert.converting import Request

_FLAGS = {
    "--deploy": "Fold what the model folds for deployment.",
    "--float32": "Widen half and bfloat16 numbers.",
    "--verify": "Also build both models and compare their outputs.",
    "--dry-run": "Do everything but write.",
    "--force": "Replace DESTINATION if it exists.",
    "--draft-map": "Print the draft of a key map instead of converting.",
    "--json": "Print the report for machines.",
}


def main() -> NoReturn:
    """Run the command; every failure is one message and an exit code."""
    own_packages.prefer()
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = _run(_parser().parse_args())
    except HarnessError as error:
        _fail(str(error), error.exit_code)
    except Terminated:
        _fail("terminated", 143)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    gc.freeze()  # nor when Python looks once more at its end
    sys.exit(code)


def _terminate(number: int, frame: object) -> NoReturn:
    raise Terminated


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _fail(f"{message}\nTry: convert-weights --help", BAD_INPUT)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="convert-weights",
        description="Convert a checkpoint between PyTorch, Jittor, npz, safetensors and HDF5, with proof.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("source", metavar="SOURCE", type=Path, help="The checkpoint to read; its content tells the format.")
    add(
        "destination",
        metavar="DESTINATION",
        nargs="?",
        type=Path,
        help="The file to write; its name tells the format.",
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
    for flag, told in _FLAGS.items():
        add(flag, action="store_true", help=told)
    return parser


def _run(options: argparse.Namespace) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's would spin where the digests are computed
    gc.disable()  # a conversion is over before anything is worth looking for
    if not (options.draft_map or options.dry_run):
        begin(options.source)
    from weight_convert.converting import Request, convert, draft
    from weight_convert.verify import needs_model, verify
    from weight_convert.words import lines

    request = Request(
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
        _show_draft(draft(request), request)
        return 0
    verified = needs_model(options.model) if options.verify else None
    report = convert(request)
    if verified is not None and not options.dry_run:
        gc.enable()
        found = verify(Path(report.destination), verified, options.variant)
        report = dataclasses.replace(report, verified=found.sentence, exit_code=found.exit_code)
    print(report.to_json() if options.json else "\n".join(lines(report)))
    return report.exit_code


def _show_draft(text: str, request: Request) -> None:
    if request.destination is None:
        print(text, end="")
    else:
        write_file(request.destination, text, replace=request.replace)


def _fail(message: str, code: int) -> NoReturn:
    if "--json" in sys.argv:
        import json

        print(json.dumps({"error": message, "exit_code": code}))
    print(
        f"convert-weights: {''.join(c if c.isprintable() or c == chr(10) else '?' for c in message)}",
        file=sys.stderr,
    )
    sys.exit(code)


if __name__ == "__main__":
    main()
