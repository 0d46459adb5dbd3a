"""The frame around every command: each ending becomes one message and one exit code."""

from __future__ import annotations

import contextlib
import os
import platform
import select
import shlex
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO

import typer
from typer.core import TyperGroup

from harness.cli import Terminated
from harness.cli.defaults import defaults
from harness.cli.outcome import Outcome, as_line
from harness.errors import BAD_INPUT, HarnessError
from harness.text import printable

BUG, INTERRUPTED, PIPE_CLOSED, TERMINATED = 70, 130, 141, 143
_USAGE: type[Exception] = typer.BadParameter.__mro__[2]  # every complaint about usage
_COMPLETION = "_ALIGN_COMPLETE"


class Frame(TyperGroup):
    """The root command. Every command returns an Outcome."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run the command in `args` and end with its exit code."""
        words = list(sys.argv[1:] if args is None else args)
        if _COMPLETION in os.environ:
            super().main(words, prog_name or "align", complete_var=_COMPLETION, **extra)
        exit_code = self._framed(words or ["--help"])
        sys.exit(exit_code if words else BAD_INPUT)

    def _framed(self, words: list[str]) -> int:
        as_json = "--json" in words
        stdout = sys.stdout
        try:
            with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
                found = self._command(words)
        except typer.Exit as ending:
            return ending.exit_code
        except Terminated:
            return _fail(stdout, as_json, "terminated", TERMINATED)
        except KeyboardInterrupt:
            return _fail(stdout, as_json, "interrupted", INTERRUPTED)
        except HarnessError as error:
            return _fail(stdout, as_json, str(error), error.exit_code)
        except _USAGE as error:
            return _fail(stdout, as_json, _complaint(error), BAD_INPUT)
        except (Exception, SystemExit) as error:
            if isinstance(error, BrokenPipeError) and _is_closed(stdout):
                return _give_up(stdout)
            if isinstance(error, SystemExit) and "--help" in words:
                return PIPE_CLOSED  # rich ends the process when nobody reads the help
            if os.environ.get("ALIGN_DEBUG"):
                raise
            return _fail(stdout, as_json, _bug(error, words), BUG)
        return _published(found, stdout, as_json)

    def _command(self, words: list[str]) -> object:
        with self.make_context("align", list(words), default_map=defaults(words)) as context:
            return self.invoke(context)


def _published(found: object, stdout: TextIO, as_json: bool) -> int:
    if not isinstance(found, Outcome):
        return 0
    try:
        found.publish(stdout, as_json)
    except BrokenPipeError:
        return _give_up(stdout)
    return found.exit_code


def _is_closed(stream: TextIO) -> bool:
    """Whether nobody reads any more what goes to a stream."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
        return any(events & select.POLLERR for _, events in poll.poll(0))
    except (OSError, ValueError):
        return False


def _give_up(stdout: TextIO) -> int:
    """Let what is left to write vanish, since the interpreter flushes once more as it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
    return PIPE_CLOSED


def _fail(stdout: TextIO, as_json: bool, message: str, exit_code: int) -> int:
    with contextlib.suppress(BrokenPipeError):
        if as_json:
            stdout.write(as_line({"error": message, "exit_code": exit_code}))
            stdout.flush()
        if message:
            print(f"align: {_printable(message)}", file=sys.stderr, flush=True)
    return exit_code


def _printable(message: str) -> str:
    return "\n".join(map(printable, message.splitlines()))


def _complaint(error: Any) -> str:
    """A usage error in one message: what, from which file if not from a flag, and where the help is."""
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    message = str(error.format_message()).strip()
    if context is None or not message:
        return message
    if parameter is not None and context.get_parameter_source(parameter.name).name == "DEFAULT_MAP":
        from harness.config import find_config

        message += f" (from {find_config()})"
    return f"{message}\nTry: {context.command_path} --help"


def _bug(error: BaseException, words: list[str]) -> str:
    """Keep the traceback in a file and ask for a report in one line."""
    handle, path = tempfile.mkstemp(prefix="align-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
        log.write(f"align {shlex.join(words)}\nPython {platform.python_version()}, {platform.platform()}\n\n")
        log.write("".join(traceback.format_exception(error)))
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return f"this is a mistake of align itself ({what}). Please report it with the log {path}"
