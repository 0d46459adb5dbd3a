"""What is installed, what is wrong, how to mend it; and the variables that each side's process needs."""

from __future__ import annotations

from harness.environment.interpreters import interpreter
from harness.environment.jittor_start import own_python, own_settings, warm_up
from harness.environment.places import kept_folder
from harness.environment.search_path import set_here
from harness.environment.variables import jittor_environment, prepare, side_environment, torch_environment

__all__ = [
    "interpreter",
    "jittor_environment",
    "kept_folder",
    "own_python",
    "own_settings",
    "prepare",
    "set_here",
    "side_environment",
    "torch_environment",
    "warm_up",
]
