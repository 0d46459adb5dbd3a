"""The cache: what lies there, compiling ahead what a model needs, removing what nobody uses."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import environment, files
from harness.choices import PORT, Mode
from harness.environment import jittor_start, places, removal
from harness.environment.compiled import PRESENT, STALE, Compiled, all_compiled
from harness.environment.device import device_for
from harness.errors import NoEnvironment
from harness.flows import float64_cache, twin_cache
from harness.flows.record import record
from harness.flows.request import CompareRequest
from harness.progress import Progress
from harness.scratch import scratch_folder

_DAY = 86400.0
_HOMES = "jittor"


@dataclass(frozen=True)
class KeptFolder:
    """A folder that tidies itself: the files used longest ago go when it has more than `most_bytes`."""

    what: str
    path: Path
    files: int
    bytes: int
    most_bytes: int


@dataclass(frozen=True)
class Cache:
    """Everything in the cache. `problem` is why nothing is known of the present Jittor, if so."""

    path: Path
    compiled: list[Compiled]
    kept: list[KeptFolder]
    bytes: int
    free_bytes: int
    problem: str


@dataclass(frozen=True)
class Removable:
    """Something that can be removed, and why; `left` is why it was not, once that was tried."""

    path: Path
    what: str
    bytes: int
    why: str
    left: str = ""


def cache() -> Cache:
    """Look at everything; nothing is changed."""
    path = places.cache_folder()
    place, problem = _present()
    kept = [
        _kept("float64 runs", path / "truth", float64_cache.MOST_BYTES),
        _kept("twins", path / "twins", twin_cache.MOST_BYTES),
    ]
    compiled = all_compiled(path / _HOMES, place)
    return Cache(path, compiled, kept, places.used_bytes(path), places.free_bytes(path), problem)


def _present() -> tuple[Path | None, str]:
    """Where the interpreter of the port's side has its compiled code."""
    try:
        python = environment.interpreter(PORT)
        return jittor_start.compiled_folder(environment.jittor_environment("cpu", python), python), ""
    except NoEnvironment as error:
        return None, str(error)


def _kept(what: str, path: Path, most: int) -> KeptFolder:
    return KeptFolder(what, path, len(_entries(path)), places.used_bytes(path), most)


def _entries(path: Path) -> list[Path]:
    """The files of a folder; no link, and nothing that is being written."""
    if path.is_symlink() or not path.is_dir():
        return []
    return [file for file in path.glob("[!.]*") if file.is_file() and not file.is_symlink()]


def removable(found: Cache, unused_for: float | None = None) -> list[Removable]:
    """What no present version uses and, with `unused_for`, what was not used for so many days."""
    since = time.time() - unused_for * _DAY if unused_for is not None else 0.0
    compiled = [
        Removable(one.path, one.what, one.bytes, _why(one))
        for one in found.compiled
        if one.holder is None and (one.state == STALE or (one.state != PRESENT and one.used < since))
    ]
    return compiled + [
        Removable(file, kept.what, file.stat().st_size, f"not used for {unused_for:g} days")
        for kept in found.kept
        if unused_for is not None
        for file in _entries(kept.path)
        if file.stat().st_atime < since
    ]


def day(moment: float) -> str:
    """A date."""
    return time.strftime("%Y-%m-%d", time.localtime(moment))


def _why(one: Compiled) -> str:
    return one.why if one.state == STALE else f"{one.why}; last used {day(one.used)}"


def prune(found: Cache, chosen: Sequence[Removable]) -> list[Removable]:
    """Remove what was chosen, each thing whole; what is in use by now is left, and says so."""
    for folder in {one.path.parent for one in found.compiled}:
        files.clear_left(folder)
    return [replace(one, left=_removed(one, found)) for one in chosen]


def _removed(one: Removable, found: Cache) -> str:
    home = found.path / _HOMES
    if one.path.is_relative_to(home):
        return removal.remove(one.path, home)
    with contextlib.suppress(FileNotFoundError):
        one.path.unlink()
    return ""


def warm(
    request: CompareRequest | None, modes: Sequence[Mode], progress: Progress, say: Callable[[str], None]
) -> float:
    """Compile Jittor's core and, of a pair, what the port needs in these modes; how many seconds it took."""
    began = time.perf_counter()
    if request is None:
        _warm_core(say)
    else:
        with scratch_folder() as folder:
            for mode in modes:
                record(replace(request, mode=mode), PORT, folder / f"{mode}.h5", progress, truth=False)
    return time.perf_counter() - began


def _warm_core(say: Callable[[str], None]) -> None:
    device, python = device_for("auto").device, environment.interpreter(PORT)
    variables = environment.jittor_environment(device, python)
    jittor_start.warm_up_where_cold(variables, python, device, say)
