"""Interpreters older than the one that runs the tests, where this machine has them."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path


@cache
def interpreter(version: str) -> Path | None:
    """A Python of this version: on the PATH, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    on_path = (Path(place) / f"python{version}" for place in os.environ["PATH"].split(os.pathsep))
    candidates = [*filter(Path.is_file, on_path), *sorted(pyenv.glob(f"{version}.*/bin/python"))]
    asks = "import sys; print('{}.{}'.format(*sys.version_info))"
    for candidate in candidates:  # pyenv puts a program on the PATH that only works where it is switched on
        told = subprocess.run([candidate, "-c", asks], capture_output=True, text=True, check=False)
        if told.stdout.strip() == version:
            return candidate
    return None
