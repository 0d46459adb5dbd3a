"""One copy of Jittor for all environments that have the same one, so that what is compiled serves them all.

Jittor names the folder of its compiled code after the place where it is installed, and that code holds the
paths of its sources. So an environment's Jittor is copied into the cache, once for each content and each
build of Python, and imported from there. A copy that differs from what is installed is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from harness import files
from harness.environment import python_config
from harness.environment.files import write
from harness.environment.interpreter_info import InterpreterInfo
from harness.environment.search_path import PLACE, is_shared
from harness.errors import BadInput, NoEnvironment

PARTS = ("jittor", "jittor_utils")
_PACKAGES, _ENVIRONMENTS = "packages", "environments"
_LEFT_OUT = "__pycache__"


def shared(home: Path, facts: InterpreterInfo) -> Path | None:
    """The folder to import Jittor from; None where it is not installed as plain folders."""
    installed = next((place for place in facts.site if _is_installed(place)), None)
    if installed is None:
        return None
    content = _digest(installed)
    folder = home / PLACE / f"{content}-{_build(facts)}" / _PACKAGES
    _note(folder.parent, installed)
    if _digest(folder) != content:
        _copy(installed, folder, content)
    return folder


def _is_installed(place: Path) -> bool:
    return not is_shared(place) and all((place / part / "__init__.py").is_file() for part in PARTS)


def _build(facts: InterpreterInfo) -> str:
    """Two builds of one version of Python are told apart by what code is compiled against."""
    return hashlib.sha256(python_config.script(facts).encode()).hexdigest()[:8]


def _digest(place: Path) -> str:
    """Of everything that Jittor is made of."""
    found = hashlib.sha256()
    for path in _parts(place):
        content = path.read_bytes()
        found.update(f"{path.relative_to(place)} {len(content)}\n".encode("utf-8", "surrogateescape"))
        found.update(content)
    return found.hexdigest()[:16]


def _parts(place: Path) -> Iterator[Path]:
    for part in PARTS:
        for folder, inner, names in os.walk(place / part, followlinks=True):
            inner[:] = sorted(name for name in inner if name != _LEFT_OUT)
            yield from (Path(folder, name) for name in sorted(names))


def _copy(installed: Path, folder: Path, content: str) -> None:
    """Of several processes that do so at once, one has its copy take the name; all are the same."""
    _move_away(folder)
    problem: Exception | None = None
    try:
        with files.new_folder(folder) as draft:
            _fill(draft, installed)
            if _digest(draft) != content:
                raise _changing(installed)
    except BadInput as error:  # another process was first, or nothing can be written
        problem = error
    if _digest(folder) != content:
        raise NoEnvironment(f"Jittor cannot be copied into the cache: {problem}") from problem


def _fill(draft: Path, installed: Path) -> None:
    try:
        for part in PARTS:
            shutil.copytree(installed / part, draft / part, ignore=shutil.ignore_patterns(_LEFT_OUT))
    except shutil.Error as error:  # something was gone that had just been there
        raise _changing(installed) from error


def _changing(installed: Path) -> NoEnvironment:
    return NoEnvironment(
        f"Jittor in {installed} is being changed. Try again once its installation is finished"
    )


def _move_away(folder: Path) -> None:
    """A damaged copy, which the next writer beside it clears away."""
    with contextlib.suppress(FileNotFoundError):
        folder.rename(folder.with_name(f"{files.PREFIX}{secrets.token_hex(4)}{files.SUFFIX}"))


def _note(copy: Path, installed: Path) -> None:
    """Leave word that an environment uses a copy, and when it did last."""
    name = hashlib.sha256(str(installed).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    path = copy / _ENVIRONMENTS / name
    write(path, str(installed).encode("utf-8", "replace").decode())
    os.utime(path)


def copies(home: Path) -> Iterator[Path]:
    """Every copy that lies there, links left alone."""
    folder = home / PLACE
    for copy in [] if folder.is_symlink() else sorted(folder.glob("[!.]*")):
        if copy.is_dir() and not copy.is_symlink():
            yield copy


def copy_of(path: Path) -> Path | None:
    """The copy that a folder lies in, if it lies in one."""
    return next((above.parent for above in (path, *path.parents) if is_shared(above)), None)


def notes(copy: Path) -> list[Path]:
    """A file for each environment that has used a copy."""
    return sorted((copy / _ENVIRONMENTS).glob("[!.]*"))


def unused(copy: Path) -> str:
    """Why no environment uses a copy any more; empty where one does."""
    for note in notes(copy):
        with contextlib.suppress(OSError, ValueError):
            installed = Path(note.read_text(encoding="utf-8"))
            if _is_installed(installed) and copy.name.startswith(f"{_digest(installed)}-"):
                return ""
    return "no environment has this Jittor any more"


def hold() -> None:
    """Have it seen, as long as this process lives, that it uses the copy on its search path."""
    for entry in sys.path:
        if is_shared(Path(entry)):
            os.open(entry, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            return
