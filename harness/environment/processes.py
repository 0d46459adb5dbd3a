"""Programs run with a side's interpreter, as a whole process group that a time limit ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **env},
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=seconds)
    except BaseException as stopped:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        output, errors = process.communicate()
        if not isinstance(stopped, subprocess.TimeoutExpired):
            raise
        return Ended(None, output, errors)
    return Ended(process.returncode, output, errors)


def program(name: str) -> Path:
    """The program called `name` that starts a framework."""
    return _PROGRAMS / f"{name}.py"


def ask(
    python: Path, what: Path, arguments: Sequence[str], env: Mapping[str, str], seconds: float
) -> tuple[dict[str, Any] | None, Ended]:
    """Run a program that prints an object as a line of JSON: that, if it came so far, and how it ended."""
    ended = run([str(python), str(what), *arguments], env, seconds)
    return _told(ended.output), ended


def _told(output: str) -> dict[str, Any] | None:
    """The last line that is an object; a framework may print lines of its own around it."""
    for line in reversed(output.splitlines()):
        with contextlib.suppress(json.JSONDecodeError):
            if line.startswith("{"):
                told: dict[str, Any] = json.loads(line)
                return told
    return None
