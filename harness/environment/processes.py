"""Programs run with a side's interpreter, which a time limit ends with all that they started."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.guard import Kept

_READING_SECONDS = 5.0
_PROGRAMS = Path(__file__).parent.parent / "sides/programs"


@dataclass(frozen=True)
class Ended:
    """How a program ended and what it printed."""

    status: int | None  # None where the time was up
    output: str
    errors: str

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.status is None:
            return "stopped at its time limit"
        return f"exit status {self.status}" if self.status >= 0 else f"signal {-self.status}"

    @property
    def last_words(self) -> str:
        """The last line of its errors that says something."""
        lines = [line.strip() for line in self.errors.splitlines() if line.strip()]
        return lines[-1] if lines else "it printed nothing"


def run(command: Sequence[str], env: Mapping[str, str], seconds: float) -> Ended:
    """Run a program in this environment with `env` on top; end it and its children when the time is up."""
    kept = Kept(command, {**os.environ, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process = kept.process
    try:
        streams = process.communicate(timeout=seconds)
        status: int | None = process.returncode
    except subprocess.TimeoutExpired:
        kept.end()
        streams, status = _left(process), None
    finally:
        kept.end()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    output, errors = (part.decode(errors="replace") for part in streams)
    return Ended(status, output, errors)


def _left(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """What an ended program has printed."""
    try:
        return process.communicate(timeout=_READING_SECONDS)
    except subprocess.TimeoutExpired as error:  # a stranger holds its pipes
        return error.output or b"", error.stderr or b""


def program(name: str) -> Path:
    """The program called `name` that starts a framework."""
    return _PROGRAMS / f"{name}.py"


def ask(
    python: Path, what: Path, arguments: Sequence[str], env: Mapping[str, str], seconds: float
) -> tuple[dict[str, Any] | None, Ended]:
    """Run a program that prints an object as a line of JSON: that, if it came so far, and how it ended."""
    ended = run([str(python), str(what), *arguments], env, seconds)
    return _last_json(ended.output), ended


def _last_json(output: str) -> dict[str, Any] | None:
    """The last line that is an object; a framework may print lines of its own around it."""
    for line in reversed(output.splitlines()):
        with contextlib.suppress(ValueError, RecursionError):
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
    return None
