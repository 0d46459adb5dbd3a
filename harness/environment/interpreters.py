"""Which interpreter each side is started with."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from harness.errors import NoEnvironment

_ADVICE = "Name a Python interpreter, such as env/bin/python"


def variable(side: str) -> str:
    """The environment variable that names a side's interpreter."""
    return f"ALIGN_{side.upper()}_PYTHON"


def interpreter(side: str) -> Path:
    """A side's interpreter: from its variable, else from the config file, else the running one."""
    named, source = os.environ.get(variable(side), ""), f"${variable(side)}"
    if not named:
        from harness.config import find_config, load_config, say_once  # on 3.10 not importable in a worker

        key = f"{side}-python"
        named, source = str(load_config().get(key, "")), f"{key} in the config file"
        if named:
            say_once(f"the {side} side runs with {named}, as {key} in {find_config()} says")
    return _found(named, source) if named else Path(sys.executable)


def _found(named: str, source: str) -> Path:
    """The absolute path; links are kept, because a virtual environment is known by its link."""
    path = Path(named).expanduser()
    if os.sep not in named and not path.exists():
        path = Path(shutil.which(named) or named)
    if not path.is_file():
        what = "a folder" if path.is_dir() else "not there"
        raise NoEnvironment(f"{source} names {named}, which is {what}. {_ADVICE}")
    if not os.access(path, os.X_OK):
        raise NoEnvironment(f"{source} names {named}, which may not be executed. {_ADVICE}")
    return path.absolute()
