"""The C++ library's headers, compiled ahead: reading them takes most of the time of Jittor's compilations.

Every source that Jittor compiles, its core's and its operators', begins with these headers once `flags` are
among the compiler's. With flags that do not fit, g++ reads them as it always does; but not with -O2 or -O3 in
place of the core's -O1 and without OpenMP, which Jittor never asks for: g++ 12 breaks down then.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from harness.environment.files import write

HEADERS = (
    "algorithm", "cmath", "functional", "iostream", "list", "map", "memory", "set", "sstream", "string",
    "typeindex", "unordered_map", "unordered_set", "vector",
)  # fmt: skip
_SECONDS = 120.0
_GXX = re.compile(r"(.*-)?g\+\+(-[\d.]+)?")
# What Jittor gives the compiler besides: for its core, and for its operators.
_COMMON = ("-std=c++14", "-fPIC", "-march=native")
CORE, KERNELS = ("-O1",), ("-Ofast",)
_USES = {"core": (*_COMMON, *CORE), "kernels": (*_COMMON, *CORE, *KERNELS, "-fopenmp")}


def flags(home: Path) -> str:
    """Lay out the header below Jittor's home; what has a compiler begin with it, or nothing without g++."""
    compiler = _compiler()
    if compiler is None:
        return ""
    header = _header(home, compiler)
    write(header, "".join(f"#include <{name}>\n" for name in HEADERS))
    return f'-include "{header}"'


def make(home: Path) -> None:
    """Compile the headers ahead if that was not done yet; what fails is left out, for it only saves time."""
    compiler = _compiler()
    if compiler is None or not (header := _header(home, compiler)).is_file():
        return
    folder = header.with_name(f"{header.name}.gch")  # g++ takes the first in it that fits its flags
    started = []
    with contextlib.suppress(OSError):
        folder.mkdir(exist_ok=True)
        for use, options in _USES.items():
            if not (folder / use).exists():
                temporary = header.with_name(f"{use}.{os.getpid()}")
                command = [str(compiler), *options, "-x", "c++-header", str(header), "-o", str(temporary)]
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                started.append((process, temporary, folder / use))
    for process, temporary, place in started:
        _keep(process, temporary, place)


def _keep(process: subprocess.Popen[bytes], temporary: Path, place: Path) -> None:
    try:
        if process.wait(_SECONDS) == 0:
            temporary.replace(place)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    except OSError:
        pass
    finally:
        temporary.unlink(missing_ok=True)


def _compiler() -> Path | None:
    """The compiler that Jittor takes, if it is a g++; the variable is also what Jittor itself notes there."""
    named = os.environ.get("cc_path") or "g++"  # noqa: SIM112, the name is Jittor's
    found = shutil.which(named)
    return Path(found).resolve() if found and _GXX.fullmatch(Path(named).name) else None


def _header(home: Path, compiler: Path) -> Path:
    """Another one for another compiler, and for another list of headers."""
    stat = compiler.stat()
    identity = f"{compiler} {stat.st_size} {stat.st_mtime_ns} {HEADERS}"
    return home / "precompiled" / hashlib.sha256(identity.encode()).hexdigest()[:12] / "std.h"
