"""What Jittor has compiled in the cache: each folder, what it is for, and whether anything uses it now.

Jittor keeps a folder for each of its versions, compilers, Pythons, machines, places where it lies, and sets
of flags. Nothing here follows a link.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.environment import holders, precompiled, search_path, shared_sources
from harness.environment.places import used_bytes
from harness.environment.variables import QUICK, cache_name

ROOT = Path(".cache/jittor")
LOCK = "jittor.lock"
PRESENT, STALE, ELSEWHERE, UNKNOWN = "present", "stale", "elsewhere", "unknown"
_INSIDE = {"jit", "obj_files", "gen", "custom_ops", "checkpoints"}
_DEEPEST = 9
_VERSION, _COMPILER, _PYTHON, _SYSTEM, _CPU = range(5)
_QUICK = re.compile(rf"{re.escape(QUICK)}[0-9a-f]{{8}}")


@dataclass(frozen=True)
class Compiled:
    """A folder of compiled code. `used` is when something of it was last read or written.

    Its state is `present` where an environment that exists uses it, `stale` where none does any more,
    `elsewhere` where it is another machine's or another kernel's, and `unknown` where nothing tells.
    `holder` is the process that uses it right now.
    """

    path: Path
    what: str
    bytes: int
    used: float
    state: str
    why: str
    holder: int | None = None


def all_compiled(home: Path, place: Path | None) -> list[Compiled]:
    """Everything that is compiled below Jittor's home; `place` is where the present interpreter has its."""
    headers = list(precompiled.laid_out(home))
    names = {cache_name(header.flags): header for header in headers}
    folders = list(_folders(home / ROOT, _DEEPEST))
    judged = {folder: _judged(folder, home, place, names) for folder in folders}
    needed = {folder.name for folder, (state, _) in judged.items() if state != STALE}
    for header in headers:
        judged[header.header.parent] = _judged_header(header, needed)
    for copy in shared_sources.copies(home):
        judged[copy] = _judged_copy(copy, headers, needed)
    holding = holders.held(judged)
    return [
        Compiled(path, _named(path, home), used_bytes(path), _used(path), state, why, holding.get(path))
        for path, (state, why) in judged.items()
    ]


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    """The folders below that hold compiled code."""
    if folder.is_symlink():
        return
    try:
        with os.scandir(folder) as entries:
            inner = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return
    if _INSIDE & set(inner):
        yield folder
    elif depth:
        for name in inner:
            yield from _folders(folder / name, depth - 1)


def _judged(
    folder: Path, home: Path, place: Path | None, names: dict[str, precompiled.LaidOut]
) -> tuple[str, str]:
    if place is None:
        return UNKNOWN, "Jittor does not start here, so nothing tells what is in use"
    if folder == place:
        return PRESENT, "of this environment"
    mine, its = place.relative_to(home / ROOT).parts, folder.relative_to(home / ROOT).parts
    if its[_SYSTEM : _CPU + 1] != mine[_SYSTEM : _CPU + 1]:
        return ELSEWHERE, "of another machine, or of another kernel of this one"
    if not _QUICK.fullmatch(folder.name):
        return UNKNOWN, "its name does not tell what it is of"
    header = names.get(folder.name)
    if header is None:
        return STALE, "the headers that it was compiled with are gone"
    if not header.gone:
        return PRESENT, "of an environment that is there"
    if not header.ours:
        return UNKNOWN, "another version of align has compiled it"
    return STALE, header.gone


def _judged_header(header: precompiled.LaidOut, needed: set[str]) -> tuple[str, str]:
    if cache_name(header.flags) in needed:
        return PRESENT, "a compiled folder needs it"
    if not header.gone:
        return PRESENT, "of an environment that is there"
    return (STALE, header.gone) if header.ours else (UNKNOWN, "another version of align has made it")


def _judged_copy(copy: Path, headers: list[precompiled.LaidOut], needed: set[str]) -> tuple[str, str]:
    """What is compiled from a copy is of use only as long as the copy is there."""
    own = [header for header in headers if header.sources and copy in header.sources.parents]
    if any(cache_name(header.flags) in needed for header in own):
        return PRESENT, "a compiled folder needs it"
    unused = shared_sources.unused(copy)
    return (STALE, unused) if unused else (PRESENT, "of an environment that is there")


def _named(path: Path, home: Path) -> str:
    if path.parent == home / search_path.PLACE:
        return "Jittor's sources, shared by environments"
    if path.is_relative_to(home / ROOT):
        parts = path.relative_to(home / ROOT).parts
        if len(parts) > _PYTHON:
            version, compiler, python = (parts[at] for at in (_VERSION, _COMPILER, _PYTHON))
            return f"Jittor {version.removeprefix('jt')}, {compiler}, Python {python.removeprefix('py')}"
        return "Jittor"
    return "headers, compiled ahead"


def _used(path: Path) -> float:
    """When a folder was last used: its libraries are read whenever Jittor starts with it."""
    times = [path.lstat().st_mtime, *(note.lstat().st_mtime for note in shared_sources.notes(path))]
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        for entry in entries:
            state = entry.stat(follow_symlinks=False)
            read = 0.0 if entry.is_dir(follow_symlinks=False) else state.st_atime
            times.append(max(state.st_mtime, read))
    return max(times)
