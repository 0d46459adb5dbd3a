"""The process that holds one side: reads requests as JSON lines, answers with JSON lines.

Requests are `{"number": N, "verb": NAME, "arguments": {...}}`; answers are `{"number": N, "result": ...}` or
`{"number": N, "error": {"kind", "message"}}`. The answer number 0 says that the side has started. Tensors
never pass here: they go through trace files. What a framework prints goes to standard error, which the
session keeps as a log.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping

from harness import json_codec, own_packages
from harness.answers import Identity
from harness.breadcrumb import Breadcrumb
from harness.environment import own_settings
from harness.environment.places import free_bytes
from harness.errors import HarnessError, NoEnvironment
from harness.huge_pages import SHARED_MEMORY
from harness.own_name import command
from harness.requests import read_request
from harness.text import without_colours

if TYPE_CHECKING:
    from harness.sides.side import Side


Message = Mapping[str, object]

_CHANNEL = 100  # a descriptor that no other code uses, or closes by mistake
_LONGEST = 4000  # characters of a model's message: it may put a whole tensor into it
_LONGEST_OWN = 1 << 20  # of a message of ours, which may list every key of a model


class Channel:
    """The pipe for answers, kept apart from what else is written to standard output."""

    def __init__(self) -> None:
        """Take the pipe over, and send everything else that is written there to standard error."""
        self._owner = os.getpid()
        pipe = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, _CHANNEL)
        self._pipe = os.fdopen(pipe, "w", encoding="utf-8")
        os.dup2(2, 1)

    def send(self, number: int, message: Message) -> None:
        """Answer a request. A copy of this process, made by a model that forks, must not answer: it ends."""
        if os.getpid() != self._owner:
            os._exit(1)
        self._pipe.write(json.dumps({"number": number, **message}) + "\n")
        self._pipe.flush()


def open_side(name: str, device: str, breadcrumb: Breadcrumb) -> Side:
    """Import the framework called `name` and hold it."""
    try:
        if name == "torch":
            from harness.sides.torch_side import TorchSide

            return TorchSide(device, breadcrumb)
        with own_settings():
            from harness.sides.jittor_side import JittorSide

        return JittorSide(device, breadcrumb)
    except (ImportError, RuntimeError, AssertionError, OSError) as error:
        raise NoEnvironment(
            f"the {name} side cannot start with {sys.executable}: {error}.{_shared_memory()} "
            f"Run `{command('doctor')}` to see what is missing and how to mend it"
        ) from error


def _shared_memory() -> str:
    """A hint where it is full, for Jittor's compilers share locks there."""
    full = SHARED_MEMORY.is_dir() and free_bytes(SHARED_MEMORY) == 0
    return f" {SHARED_MEMORY} is full: free some space there." if full else ""


def answer(side: Side, verb: str, arguments: object) -> Message:
    """Carry out one request."""
    from harness.sides.verbs import call_verb

    try:
        request = read_request(verb, arguments)
        return _result(call_verb(side, request), request.answer_type())
    except HarnessError as error:
        return _failure(type(error).__name__, str(error), _LONGEST_OWN)
    except MemoryError:
        traceback.print_exc()
        return _failure("WorkerLost", f"{verb}: the worker ran out of memory")
    except Exception as error:  # whatever a model raises is a finding, not a crash of the harness
        traceback.print_exc()
        return _failure("ModelFailed", f"{verb}: {type(error).__name__}: {_text(error)}", place=_place(error))


def _text(error: Exception) -> str:
    try:
        return without_colours(str(error))
    except Exception:  # a model's own errors may fail as well
        return "(its text cannot be shown)"


def _result(value: object, kind: Any) -> Message:
    return {"result": json_codec.to_plain(value, kind)}


def _place(error: Exception) -> str:
    """Where in the model's code an error was raised, as the end of a message."""
    from harness.sides.code_place import place_of_error

    found = place_of_error(error)
    return f", raised in {found}" if found else ""


def _failure(kind: str, message: str, most: int = _LONGEST, place: str = "") -> Message:
    if len(message) > most:
        message = f"{message[: most - 3]}..."
    return {"error": {"kind": kind, "message": message + place}}


def main() -> None:
    """Serve one side until standard input ends."""
    own_packages.prefer()
    name, device, crumbs = sys.argv[1:4]
    channel = Channel()
    breadcrumb = Breadcrumb(Path(crumbs))
    breadcrumb.start("start")
    try:
        side = open_side(name, device, breadcrumb)
    except HarnessError as error:
        traceback.print_exc()
        channel.send(0, _failure(type(error).__name__, str(error)))
        sys.exit(error.exit_code)
    channel.send(0, _result(side.identity(), Identity))
    for line in sys.stdin:
        request = json.loads(line)
        breadcrumb.start(request["verb"])
        channel.send(request["number"], answer(side, request["verb"], request["arguments"]))


if __name__ == "__main__":
    main()
