"""Starting Jittor: apart from the user's own settings of it, and until it has really started."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import site
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.environment import precompiled, shared_sources
from harness.environment.files import write
from harness.environment.processes import Ended, ask, program
from harness.errors import NoEnvironment

TRIES = 3
_PYTHON, _USER_BASE = "ALIGN_OWN_PYTHON", "ALIGN_OWN_USER_BASE"
COLD_SECONDS = 1800.0  # its core alone took 75 s to 400 s on two cores


def settings_folder(home: Path) -> Path:
    """What stands for the user's home while Jittor starts."""
    return home / "settings"


@contextlib.contextmanager
def own_settings() -> Iterator[None]:
    """Around `import jittor`: keeps it from noting our JITTOR_HOME in the user's home folder.

    It would use that note in every later program that does not set the variable.
    """
    before = os.environ.get("HOME")
    home = Path(os.environ["JITTOR_HOME"])
    precompiled.make(os.environ)
    shared_sources.hold()
    folder = settings_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["HOME"]
        else:
            os.environ["HOME"] = before


def own_python(home: Path) -> Path:
    """An interpreter like the running one, but with our settings of Jittor, for what Jittor itself starts.

    With each operator it compiles it starts a program that notes JITTOR_HOME in the user's home folder, too;
    two that do so at once, with another one each, break off. Its path is the same for every interpreter, for
    an operator that was compiled with another path is compiled again.
    """
    os.environ[_PYTHON] = sys.executable
    os.environ[_USER_BASE] = os.environ.get("PYTHONUSERBASE") or site.getuserbase()
    settings = shlex.quote(f"HOME={settings_folder(home)}")
    text = f'#!/bin/sh\nexec env {settings} PYTHONUSERBASE="${_USER_BASE}" "${_PYTHON}" "$@"\n'
    path = home / "bootstrap" / f"python-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    write(path, text, executable=True)
    return path


def ask_until_it_answers(
    python: Path, what: Path, arguments: Sequence[str], env: Mapping[str, str], seconds: float
) -> tuple[dict[str, Any], int]:
    """The answer of a program that imports Jittor, and how many runs it took.

    Where its flags are not those of its cache, Jittor rebuilds a part and ends the process with exit status
    0, the program not run. So only what the program tells counts as success.
    """
    folder = settings_folder(Path(env["JITTOR_HOME"]))
    folder.mkdir(parents=True, exist_ok=True)
    packages = os.environ.get("PYTHONUSERBASE") or site.getuserbase()
    env = {**env, "HOME": str(folder), "PYTHONUSERBASE": packages}
    for count in range(1, TRIES + 1):
        answer, ended = ask(python, what, arguments, env, seconds)
        if answer is not None:
            return answer, count
        if ended.status != 0:
            raise NoEnvironment(_why(python, ended, seconds))
    raise NoEnvironment(
        f"jittor ended {python} {TRIES} times without an error and without starting. "
        "Name an empty folder with ALIGN_CACHE and try again"
    )


def _why(python: Path, ended: Ended, seconds: float) -> str:
    if ended.status is None:
        return (
            f"jittor did not start within {seconds:g} s with {python}. Another process may be compiling "
            "with the same cache: wait for it, then try again"
        )
    return f"jittor cannot be started with {python} ({ended.ending}): {ended.last_words}"


def warm_up(env: Mapping[str, str], python: Path, seconds: float = COLD_SECONDS) -> int:
    """Import Jittor until it really starts, compiling what is missing; the number of runs that it took."""
    precompiled.make(env)
    return ask_until_it_answers(python, program("jittor_start"), [], env, seconds)[1]


def warm_up_where_cold(env: Mapping[str, str], python: Path, device: str, say: Callable[[str], None]) -> None:
    """Compile Jittor's core for a device, if that was not done yet, and say so."""
    if not is_warm(env, python):
        say(f"compiling Jittor's core for {device}: one to some minutes, once")
        warm_up(env, python)


def compiled_folder(env: Mapping[str, str], python: Path) -> Path:
    """Where this interpreter's Jittor keeps its core and operators on this machine."""
    answer, _ = ask_until_it_answers(python, program("jittor_cache"), [], env, seconds=60)
    return Path(answer["cache"])


def is_warm(env: Mapping[str, str], python: Path) -> bool:
    """Whether Jittor's core is compiled for this interpreter and this machine."""
    core = "jittor_core*.so.key"  # written when it is complete
    place = compiled_folder(env, python)
    return any(found for pattern in (core, f"cu*/{core}") for found in place.glob(pattern))
