"""Whether a framework really computes with an interpreter: one small convolution, and its device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.environment.findings import DoctorFinding
from harness.environment.jittor_start import ask_until_it_answers, is_warm, warm_up_where_cold
from harness.environment.processes import ask, program
from harness.errors import NoEnvironment
from harness.own_name import command

SECONDS = 300.0
_RIGHT = 9.0  # of a convolution of three by three ones with themselves


def try_torch(python: Path, env: Mapping[str, str]) -> list[DoctorFinding]:
    """Start PyTorch; whether it computes, and on which devices."""
    answer, ended = ask(python, program("torch_trial"), [], env, SECONDS)
    if answer is None:
        wrong = f"torch cannot be started with {python} ({ended.ending}): {ended.last_words}"
        return [DoctorFinding("torch", "convolution", "failed", "wrong", wrong, _look(python, "torch"))]
    return [_judged("torch", "convolution", python, answer), _torch_device(answer)]


def _torch_device(answer: Mapping[str, Any]) -> DoctorFinding:
    if answer["card"]:
        found = f"cpu; cuda {answer['built']}: {answer['card']}, cuDNN {answer['cudnn']}"
        return DoctorFinding("torch", "device", found)
    why = f"built for CUDA {answer['built']}, but finds no card" if answer["built"] else "built without CUDA"
    return DoctorFinding("torch", "device", f"cpu; {why}")


def try_jittor(
    python: Path, env: Mapping[str, str], device: str = "cpu", say: Callable[[str], None] | None = None
) -> DoctorFinding:
    """Start Jittor. A core that is not compiled yet is compiled where `say` can tell so: it takes minutes."""
    part = "convolution" if device == "cpu" else f"convolution, {device}"
    try:
        if say is not None:
            warm_up_where_cold(env, python, device, say)
        elif not is_warm(env, python):
            wrong = f"Jittor's core for {device} is not compiled yet; the first run does it and takes minutes"
            return DoctorFinding("jittor", part, "not tried", "warn", wrong, command("doctor --fix"))
        answer, _ = ask_until_it_answers(python, program("jittor_trial"), [device], env, SECONDS)
    except NoEnvironment as error:
        return DoctorFinding("jittor", part, "failed", "wrong", str(error), _look(python, "jittor"))
    return _judged("jittor", part, python, answer)


def _look(python: Path, framework: str) -> str:
    return f"{python} -c 'import {framework}'  # shows the whole error"


def _judged(side: str, part: str, python: Path, answer: Mapping[str, Any]) -> DoctorFinding:
    result: float = answer["result"]
    if result == _RIGHT:
        return DoctorFinding(side, part, "computed, right")
    wrong = f"{side} with {python} computes a convolution of ones as {result:g}; {_RIGHT:g} is right"
    same = f"{side}=={answer['version'].partition('+')[0]}"
    mend = f"{python} -m pip install --force-reinstall --no-deps {same}"
    return DoctorFinding(side, part, f"{result:g}", "wrong", wrong, mend)
