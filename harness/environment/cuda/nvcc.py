"""The CUDA compiler: where it is, whether it works, and the folder that its toolkit lies in."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.environment.interpreter_info import InterpreterInfo
from harness.environment.processes import run

_SECONDS = 60
_VERSION = re.compile(r"\bV(\d+)\.(\d+)\.(\d+)")
_TOP = re.compile(r"^#\$ TOP=(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Nvcc:
    """A CUDA compiler that answers."""

    path: Path
    version: tuple[int, int, int]
    top: Path

    @property
    def version_text(self) -> str:
        """The version as it is written."""
        return ".".join(map(str, self.version))


def candidates(facts: InterpreterInfo, environ: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """Where an nvcc may be, the most deliberate choice first."""
    for name in ("CUDA_HOME", "CUDA_PATH"):
        if environ.get(name):
            yield Path(environ[name]) / "bin/nvcc"
    yield Path("/usr/local/cuda/bin/nvcc")
    for folder in facts.site:
        yield from sorted(folder.glob("nvidia/cu*/bin/nvcc"), reverse=True)
    if found := shutil.which("nvcc", path=environ.get("PATH")):
        yield Path(found)


def first_working(paths: Iterable[Path]) -> tuple[Nvcc | None, str]:
    """The first nvcc that answers; with none, why not."""
    why = "no nvcc was found in CUDA_HOME, CUDA_PATH, /usr/local/cuda, the nvidia wheels or the PATH"
    failures = []
    for path in dict.fromkeys(paths):
        if not os.access(path, os.X_OK) or not path.is_file():
            continue
        if version := _version(path):
            return Nvcc(path, version, _top(path)), ""
        failures.append(f"{path} does not run: is it left over from a toolkit?")
    return None, failures[0] if failures else why


def _output(path: Path, *arguments: str) -> str:
    try:
        ended = run([str(path), *arguments], {}, _SECONDS)
    except OSError:
        return ""
    return ended.output + ended.errors if ended.status == 0 else ""


def _version(path: Path) -> tuple[int, int, int] | None:
    found = _VERSION.search(_output(path, "--version"))
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _top(path: Path) -> Path:
    """The toolkit's folder, as nvcc itself knows it: what was found may be a script that calls another."""
    found = _TOP.search(_output(path, "--dryrun", "-x", "cu", os.devnull))
    return Path(found[1].strip()).resolve() if found else path.resolve().parent.parent
