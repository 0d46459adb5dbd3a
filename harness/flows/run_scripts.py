"""Runs the scripts of a written folder as their reader will, and keeps what they say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.case import SIDES
from harness.environment import processes
from harness.environment.interpreters import interpreter
from harness.environment.variables import side_environment
from harness.reproduce import SCRIPTS

_SECONDS = 600.0  # Jittor may have to compile
# Python's own way to run a file, from its folder and as a program.
_RUN = "import os, runpy, sys; os.chdir(sys.argv[1]); runpy.run_path(sys.argv[2], run_name='__main__')"


@dataclass(frozen=True)
class ScriptRun:
    """One script: whether it ran to its end, and the lines that it printed, or why it did not."""

    script: Path
    ran: bool
    said: tuple[str, ...]


def run_scripts(folder: Path) -> list[ScriptRun]:
    """Run the script of each side with that side's interpreter, on the CPU."""
    return [_run(side, folder / SCRIPTS[side]) for side in SIDES]


def _run(side: str, script: Path) -> ScriptRun:
    python = interpreter(side)
    command = [str(python), "-c", _RUN, str(script.parent.resolve()), script.name]
    ended = processes.run(command, side_environment(side, "cpu", python), _SECONDS)
    if ended.status != 0:
        return ScriptRun(script, False, (f"{ended.ending}: {ended.last_words}",))
    lines = (line.strip() for line in ended.output.splitlines())
    return ScriptRun(script, True, tuple(line for line in lines if " as recorded: " in line))
