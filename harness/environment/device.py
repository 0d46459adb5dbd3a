"""Where both sides compute when nobody says: on the GPU where both can really use it, else on the CPU."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.choices import AUTO, SIDES

_DRIVER = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True)
class ChosenDevice:
    """A device, and why it is that one."""

    device: str
    reason: str


def device_for(device: str) -> ChosenDevice:
    """The device that `cpu`, `cuda` or `auto` means here."""
    return _automatic() if device == AUTO else ChosenDevice(device, "as asked")


def decide(obstacle: Callable[[], str]) -> ChosenDevice:
    """The GPU where nothing stands in its way; `obstacle` looks, and says what does."""
    found = obstacle()
    return (
        ChosenDevice("cpu", found)
        if found
        else ChosenDevice("cuda", "both sides compute on it, as tried just now")
    )


def has_driver(driver: Path = _DRIVER) -> bool:
    """Whether there is a driver of NVIDIA's: a look at two paths, no process."""
    return driver.exists() or shutil.which("nvidia-smi") is not None


@functools.cache
def _automatic() -> ChosenDevice:
    """Decided and said once in a process."""
    from harness.config import say_once

    found = decide(gpu_obstacle)
    say_once(f"computing on the {found.device}: {found.reason}")
    return found


def gpu_obstacle() -> str:
    """What keeps the two sides from the GPU; empty where both have computed on it."""
    if not has_driver():
        return "no driver of NVIDIA's here"
    from harness.environment.cuda import survey
    from harness.environment.interpreter_info import facts_of
    from harness.environment.interpreters import interpreter
    from harness.environment.trials import try_jittor, try_torch
    from harness.environment.variables import jittor_environment, torch_environment
    from harness.errors import HarnessError

    try:
        torch, jittor = (facts_of(interpreter(side)) for side in SIDES)
        tried = try_torch(torch.python, torch_environment("cuda"))
        wrong = next((finding for finding in tried if finding.state != "ok"), None)
        if wrong is not None:
            return f"torch: {wrong.wrong or wrong.found}"
        if "; cuda " not in tried[-1].found:
            return f"torch: {tried[-1].found}"
        if not survey(jittor).complete:
            return "jittor: CUDA is not complete, `align doctor` says what is missing"
        on_card = try_jittor(jittor.python, jittor_environment("cuda", jittor.python), "cuda")
        return "" if on_card.state == "ok" else f"jittor: {on_card.wrong or on_card.found}"
    except HarnessError as error:
        return str(error)
