"""What is known of an interpreter before a framework is started with it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.environment import describe_python, search_path
from harness.environment.processes import run
from harness.errors import NoEnvironment

INCLUDE = "ALIGN_PYTHON_INCLUDE"
_SECONDS = 60


@dataclass(frozen=True)
class InterpreterInfo:
    """An interpreter: its version, places and packages."""

    python: Path
    version: tuple[int, int, int]
    prefix: Path
    base_prefix: Path
    machine: str
    includes: tuple[Path, ...]
    suffix: str
    abi: str
    site: tuple[Path, ...]
    packages: Mapping[str, str]
    pip: bool

    @property
    def version_text(self) -> str:
        """The version as it is written."""
        return ".".join(map(str, self.version))

    @property
    def has_headers(self) -> bool:
        """Whether C++ code can be compiled against this interpreter."""
        return any((folder / "Python.h").is_file() for folder in self.includes)

    @classmethod
    def of(cls, python: Path, description: Mapping[str, Any]) -> InterpreterInfo:
        """Take what `describe_python` says; $ALIGN_PYTHON_INCLUDE stands in for headers kept elsewhere."""
        named = os.environ.get(INCLUDE)
        return cls(
            python=python,
            version=tuple(description["version"]),
            prefix=Path(description["prefix"]),
            base_prefix=Path(description["base_prefix"]),
            machine=description["machine"],
            includes=(Path(named).absolute(),) if named else tuple(map(Path, description["includes"])),
            suffix=description["suffix"],
            abi=description["abi"],
            site=tuple(map(Path, description["site"])),
            packages=description["packages"],
            pip=description["pip"],
        )


def facts_of(python: Path) -> InterpreterInfo:
    """Look at an interpreter: the running one directly, another by asking it."""
    own = python.absolute() == Path(sys.executable).absolute()
    try:
        return InterpreterInfo.of(python, describe_python.describe() if own else _asked(python))
    except NoEnvironment:
        raise
    except Exception as error:  # of a Python whose installation is damaged
        raise NoEnvironment(
            f"{python} cannot tell what it is and has: {type(error).__name__}: {error}. "
            "Its installation is damaged: make a new environment, or name another interpreter"
        ) from error


def _asked(python: Path) -> Mapping[str, Any]:
    own = {search_path.VARIABLE: search_path.inherited()}
    try:
        ended = run([str(python), describe_python.__file__], own, _SECONDS)
    except OSError as error:
        raise NoEnvironment(f"{python} cannot be run: {error.strerror}. Name a Python interpreter") from error
    try:
        description: Mapping[str, Any] = json.loads(ended.output.splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        raise NoEnvironment(
            f"{python} does not work as a Python interpreter ({ended.ending}: {ended.last_words}). "
            "Name one of Python 3.8 or newer"
        ) from None
    return description
