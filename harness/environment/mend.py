"""What `align doctor --fix` does: install wheels, lay out links and folders, compile Jittor's core."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from harness.choices import SIDES
from harness.environment import cuda, requirements
from harness.environment.examine import Say
from harness.environment.findings import Report
from harness.environment.interpreter_info import InterpreterInfo, facts_of
from harness.environment.interpreters import interpreter
from harness.environment.jittor_start import warm_up_where_cold
from harness.environment.places import kept_folder
from harness.environment.processes import run
from harness.environment.variables import jittor_environment
from harness.errors import NoEnvironment

_SECONDS = 3600.0


def mend(report: Report, say: Say) -> None:
    """Do what can be done without asking. What fails is said, and found again by the next examination."""
    installs = [partial(_install, side, report, say) for side in SIDES]
    steps: list[Callable[[], None]] = [_make_cache, *installs, partial(_warm, say)]
    for step in steps:
        try:
            step()
        except (NoEnvironment, OSError) as error:
            say(f"not mended: {error}")


def _make_cache() -> None:
    kept_folder("jittor")


def _install(side: str, report: Report, say: Say) -> None:
    found = [finding for finding in report.of(side) if finding.state in ("wrong", "warn")]
    wheels = list(dict.fromkeys(wheel for finding in found for wheel in finding.wheels))
    if not wheels:
        return
    facts = facts_of(interpreter(side))
    say(f"installing into {facts.python}: {', '.join(wheels)}")
    _pip(facts, wheels, say)


def _pip(facts: InterpreterInfo, wheels: list[str], say: Say) -> None:
    command = [*requirements.pip(facts), "install", "--quiet", *wheels]
    ended = run(command, {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}, _SECONDS)
    if ended.status != 0:
        say(f"pip did not install them ({ended.ending}):{os.linesep}{ended.errors.strip()}")


def _warm(say: Say) -> None:
    python = interpreter("jittor")
    complete = cuda.survey(facts_of(python)).complete
    for device in ("cpu", "cuda") if complete else ("cpu",):
        warm_up_where_cold(jittor_environment(device, python), python, device, say)
