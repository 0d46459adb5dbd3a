"""Imports Jittor into a process that is no worker, as a worker's side does."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from harness.environment import own_python, own_settings, set_here


def import_here(variables: Mapping[str, str]) -> ModuleType:
    """Jittor, with the variables of its side: both find each other's compiled operators."""
    set_here(variables)
    with own_settings(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's, of Jittor's own files, where their bytecode is not kept
        jittor = importlib.import_module("jittor")
    jittor.flags.python_path = str(own_python(Path(variables["JITTOR_HOME"])))
    return jittor
