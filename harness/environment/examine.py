"""The doctor's look at everything: the machine, both interpreters, and whether the frameworks compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.choices import SIDES
from harness.environment import cuda, machine, requirements, trials
from harness.environment.findings import DoctorFinding, Report
from harness.environment.interpreter_info import InterpreterInfo, facts_of
from harness.environment.interpreters import interpreter, variable
from harness.environment.variables import jittor_environment, torch_environment
from harness.errors import NoEnvironment

Say = Callable[[str], None]


def silent(text: str) -> None:
    """Say nothing."""


def examine(say: Say = silent) -> Report:
    """Look at everything. Nothing is changed but the cache folder, where Jittor's core may be compiled."""
    findings = machine.judge()
    for side in SIDES:
        findings += _side(side, say)
    return Report(findings)


def _side(side: str, say: Say) -> list[DoctorFinding]:
    try:
        facts = facts_of(interpreter(side))
    except NoEnvironment as error:
        mend = f"export {variable(side)}=ENVIRONMENT/bin/python"
        return [DoctorFinding(side, "interpreter", "none", "wrong", str(error), mend)]
    findings = requirements.judge(side, facts)
    if findings[0].state == "wrong":
        return findings
    if _usable(findings):
        say(f"trying {side} with {facts.python}")
        findings += _trial(side, facts, say)
    return findings + (_cuda(facts, _usable(findings), say) if side == "jittor" else [])


def _usable(findings: Sequence[DoctorFinding]) -> bool:
    return all(finding.state != "wrong" for finding in findings)


def _trial(side: str, facts: InterpreterInfo, say: Say) -> list[DoctorFinding]:
    try:
        if side == "torch":
            return trials.try_torch(facts.python, torch_environment())
        return [trials.try_jittor(facts.python, jittor_environment("cpu", facts.python), say=say)]
    except NoEnvironment as error:  # the cache folder cannot be used, which the machine's findings mend
        return [DoctorFinding(side, "convolution", "not tried", "wrong", str(error))]


def _cuda(facts: InterpreterInfo, usable: bool, say: Say) -> list[DoctorFinding]:
    """The parts of CUDA on the Jittor side, and a trial where they are complete."""
    found = cuda.survey(facts)
    findings = cuda.judge(found)
    if usable and found.complete:
        say(f"trying jittor on the card with {facts.python}")
        tried = trials.try_jittor(facts.python, jittor_environment("cuda", facts.python), "cuda")
        findings.append(replace(tried, state="warn") if tried.state == "wrong" else tried)
    return findings
