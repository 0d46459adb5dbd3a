"""The frame around every command: each ending becomes one message and one exit code."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, TextIO

import typer
from typer.core import TyperGroup

from harness import mistake, own_name, process
from harness.cli import language, typed_flags
from harness.cli.command_result import CommandResult, as_line
from harness.cli.defaults import defaults
from harness.errors import BAD_INPUT, INTERRUPTED, TERMINATED, HarnessError
from harness.language import ENGLISH, spoken

_USAGE: type[Exception] = typer.BadParameter.__mro__[2]  # every complaint about usage
_COMPLETION = "_ALIGN_COMPLETE"


class RootCommand(TyperGroup):
    """The root command. Every command returns a CommandResult."""

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
        words = typed_flags.spelled(sys.argv[1:] if args is None else args)
        asked = words or _COMPLETION in os.environ
        own_name.remember(words)
        code = _Call(self, words if asked else ["--help"]).framed()
        process.end(code if asked else code or BAD_INPUT)

    def outcome(self, words: list[str]) -> CommandResult:
        """What a command found. Where typer itself answers (help, version, completion) it raises an Exit."""
        try:
            if _COMPLETION in os.environ:
                super().main(words, "align", complete_var=_COMPLETION)
            context = self.make_context("align", list(words), default_map=defaults(words))
        except SystemExit as ending:
            raise typer.Exit(BAD_INPUT if ending.code else 0) from ending
        with context, process.clearing_away():
            found: CommandResult = self.invoke(context)
            return found


class _Call:
    """One call of the command line: what is printed on the way is kept until it has ended."""

    def __init__(self, frame: RootCommand, words: list[str]) -> None:
        self.frame, self.words, self.as_json = frame, words, "--json" in words
        self.stdout = sys.stdout
        self.printed = _Printed(self.stdout)

    def framed(self) -> int:
        """Run it; its exit code."""
        try:
            with contextlib.redirect_stdout(self.printed), self._spoken() as words:
                found = self.frame.outcome(words)
                text = found.text(self.stdout, self.as_json)
        except typer.Exit as ending:
            return self._write(self.printed.getvalue()) or (BAD_INPUT if ending.exit_code else 0)
        except process.Terminated:
            return self._fail("terminated", TERMINATED)
        except KeyboardInterrupt:
            return self._fail("interrupted", INTERRUPTED)
        except HarnessError as error:
            return self._fail(str(error), error.exit_code)
        except _USAGE as error:
            return self._fail(*_complaint(error))
        except (Exception, SystemExit) as error:
            return self._unforeseen(error)
        printed = self.printed.getvalue()
        if self.as_json:
            process.say(printed)
        return self._write(text if self.as_json else printed + text) or found.exit_code

    @contextlib.contextmanager
    def _spoken(self) -> Iterator[list[str]]:
        """The words of the command without the language, which is in use meanwhile."""
        words, chosen = language.take(self.words)
        with spoken(chosen):
            if chosen != ENGLISH:
                language.translate_help(self.frame)
            yield words

    def _unforeseen(self, error: BaseException) -> int:
        return self._fail(*mistake.judged("align", self.words, error))

    def _write(self, text: str) -> int:
        return process.write("align", self.stdout, text)

    def _fail(self, message: str, exit_code: int, hint: str = "") -> int:
        process.say(self.printed.getvalue())
        if self.as_json:
            said = f"{message}\n{hint}" if hint else message
            process.write("align", self.stdout, as_line({"error": said, "exit_code": exit_code}))
        if message:
            process.tell("align", message, hint)
        return exit_code


class _Printed(io.StringIO):
    """Replaces standard output while a command runs; it is a terminal if standard output is one."""

    def __init__(self, stdout: TextIO) -> None:
        super().__init__()
        self._stdout = stdout

    def isatty(self) -> bool:
        """Whether what is printed will be seen in a terminal."""
        return self._stdout.isatty()


def _complaint(error: Any) -> tuple[str, int, str]:
    """A usage error in one message: what, from which file if not from a flag, and where the help is."""
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    message = str(error.format_message()).strip()
    if context is None or not message:
        return message, BAD_INPUT, ""
    if parameter is not None and context.get_parameter_source(parameter.name).name == "DEFAULT_MAP":
        from harness.config import find_config

        message += f" (from {find_config()})"
    return message, BAD_INPUT, f"Try: {context.command_path} --help"
