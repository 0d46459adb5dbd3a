"""The process that holds one side: reads requests as JSON lines, answers with JSON lines.

Requests are `{"verb": NAME, "arguments": {...}}`; answers are `{"result": ...}` or
`{"error": {"kind", "message", "details"}}`. Tensors never pass here: they go through trace files. What a
framework prints goes to standard error, which the session keeps as a log.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from harness import own_packages
from harness.breadcrumb import Breadcrumb
from harness.environment import own_settings
from harness.errors import HarnessError, NoEnvironment

if TYPE_CHECKING:
    from harness.sides.side import Side


def _take_over_stdout() -> TextIO:
    """Keep the pipe for answers and send everything else written to stdout to stderr."""
    channel = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    return channel


def open_side(name: str, device: str, breadcrumb: Breadcrumb) -> Side:
    """Import the framework called `name` and hold it."""
    try:
        if name == "torch":
            from harness.sides.torch_side import TorchSide

            return TorchSide(device, breadcrumb)
        with own_settings():
            from harness.sides.jittor_side import JittorSide

        return JittorSide(device, breadcrumb)
    except (ImportError, RuntimeError, AssertionError) as error:
        raise NoEnvironment(
            f"the {name} side cannot start with {sys.executable}: {error}. "
            "Run `align doctor` to see what is missing and how to mend it"
        ) from error


def answer(side: Side, verb: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Carry out one request."""
    from harness.sides.verbs import call_verb

    try:
        return {"result": call_verb(side, verb, **arguments)}
    except HarnessError as error:
        return {"error": {"kind": type(error).__name__, "message": str(error), "details": ""}}
    except MemoryError:
        return _failure(verb, "the worker ran out of memory", "WorkerLost")
    except Exception as error:  # whatever a model raises is a finding, not a crash of the harness
        return _failure(verb, f"{type(error).__name__}: {error}", "ModelFailed")


def _failure(verb: str, message: str, kind: str) -> dict[str, Any]:
    traceback.print_exc()
    return {
        "error": {"kind": kind, "message": f"{verb}: {message}", "details": traceback.format_exc()[-4000:]}
    }


def main() -> None:
    """Serve one side until standard input ends."""
    own_packages.prefer()
    name, device, crumbs = sys.argv[1:4]
    channel = _take_over_stdout()

    def send(message: dict[str, Any]) -> None:
        channel.write(json.dumps(message) + "\n")
        channel.flush()

    breadcrumb = Breadcrumb(Path(crumbs))
    breadcrumb.start("start")
    try:
        side = open_side(name, device, breadcrumb)
    except HarnessError as error:
        traceback.print_exc()
        send({"error": {"kind": type(error).__name__, "message": str(error), "details": ""}})
        sys.exit(error.exit_code)
    send({"result": side.describe()})
    for line in sys.stdin:
        request = json.loads(line)
        breadcrumb.start(request["verb"])
        send(answer(side, request["verb"], request["arguments"]))


if __name__ == "__main__":
    main()
