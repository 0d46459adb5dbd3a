"""Headers compiled ahead: reading them takes most of the time of Jittor's compilations.

Every source that Jittor compiles, its core's and its operators', begins with the C++ library's headers once
`flags` are among the compiler's; operators, which alone are compiled with -Ofast, with Jittor's own as well.
With flags that do not fit, g++ reads them as it always does; but not with -O2 or -O3 in place of the core's
-O1 and without OpenMP, which Jittor never asks for: g++ 12 breaks down then.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness import guard
from harness.environment import shared_sources
from harness.environment.files import write
from harness.guard import Kept

HEADERS = (
    "algorithm", "cmath", "functional", "iostream", "list", "map", "memory", "set", "sstream", "string",
    "typeindex", "unordered_map", "unordered_set", "vector",
)  # fmt: skip
JITTOR_HEADERS = ("var.h", "fused_op.h", "ops/op_register.h")
_SECONDS = 120.0
_OWN = re.compile(rf'^#include "(/.*)/{re.escape(JITTOR_HEADERS[0])}"$', re.MULTILINE)
_GXX = re.compile(r"(.*-)?g\+\+(-[\d.]+)?")
# What Jittor gives the compiler besides: for its core, and for its operators.
_COMMON = ("-std=c++14", "-fPIC", "-march=native")
CORE, OPERATORS = ("-O1",), ("-Ofast",)
# Where a loop reads and writes many arrays, g++ gives up on vectors after ten pairs that could overlap:
# one operator that Jittor had joined took seven times as long.
VECTORS = "--param=vect-max-version-for-alias-checks=200"
KERNELS = (*OPERATORS, VECTORS)
# Jittor has operators told apart by line, for which it adds -g: headers compiled without it would not fit.
_USES = {"core": (*_COMMON, *CORE), "kernels": ("-g", *_COMMON, *CORE, *KERNELS, "-fopenmp")}


def flags(home: Path, sources: Path | None = None) -> str:
    """Lay out the header below Jittor's home; what has a compiler begin with it, or nothing without g++.

    `sources` is the folder of Jittor's own headers.
    """
    compiler = _compiler()
    if compiler is None:
        return ""
    header = _header(home, compiler, sources)
    write(header, _text(sources))
    return _flags(header, sources)


def _flags(header: Path, sources: Path | None) -> str:
    searched = f'-I"{sources}" ' if sources is not None else ""
    return f'{searched}-include "{header}"'


@dataclass(frozen=True)
class LaidOut:
    """A header below Jittor's home: the flags that name it, and why no environment uses it now, if none does.

    `sources` is the folder of Jittor's own headers that it includes. `ours` is False where another version
    of this program has laid it out.
    """

    header: Path
    sources: Path | None
    flags: str
    gone: str
    ours: bool


def laid_out(home: Path) -> Iterator[LaidOut]:
    """Every header that lies there, links left alone."""
    folder = home / "precompiled"
    for header in [] if folder.is_symlink() else sorted(folder.glob("*/std.h")):
        if header.is_symlink() or header.parent.is_symlink():
            continue
        with contextlib.suppress(OSError, ValueError):
            text = header.read_text(encoding="utf-8")
            named = _OWN.search(text)
            sources = Path(named[1]) if named else None
            gone = _gone(home, header, sources)
            yield LaidOut(header, sources, _flags(header, sources), gone, text == _text(sources))


def _gone(home: Path, header: Path, sources: Path | None) -> str:
    if sources is not None and not are_in(sources):
        return f"there is no Jittor in {sources} any more"
    copy = shared_sources.copy_of(sources) if sources is not None else None
    if copy is not None and (unused := shared_sources.unused(copy)):
        return unused
    compiler = _compiler()
    if compiler is None:
        return ""
    if _header(home, compiler, sources) == header:
        return ""
    return f"{sources or 'the C++ library'}, or the compiler, has changed since"


def are_in(sources: Path) -> bool:
    """Whether a folder holds all of Jittor's headers that operators begin with."""
    return all((sources / name).is_file() for name in JITTOR_HEADERS)


def _text(sources: Path | None) -> str:
    standard = "".join(f"#include <{name}>\n" for name in HEADERS)
    if sources is None:
        return standard
    own = "".join(f'#include "{sources / name}"\n' for name in JITTOR_HEADERS)
    # As each operator's source begins. The macro comes with -Ofast.
    return f"{standard}#ifdef __FAST_MATH__\n#define JIT 1\n{own}#endif\n"


def make(variables: Mapping[str, str]) -> None:
    """Compile ahead the header that Jittor's variables name, if that was not done yet.

    What fails is left out, for it only saves time.
    """
    words = shlex.split(variables.get("cc_flags", ""))
    compiler = _compiler()
    if compiler is None or "-include" not in words:
        return
    header = Path(words[words.index("-include") + 1])
    searched = [word for word in words if word.startswith("-I")]
    folder = header.with_name(f"{header.name}.gch")  # g++ takes the first in it that fits its flags
    started = []
    with contextlib.suppress(OSError):
        folder.mkdir(exist_ok=True)
        for use, options in _USES.items():
            if not (folder / use).exists():
                temporary = header.with_name(f"{use}.{os.getpid()}")
                command = [str(compiler), *options, *searched, "-x", "c++-header", str(header)]
                guard.sweep(temporary)
                compiling = Kept([*command, "-o", str(temporary)], os.environ, stderr=subprocess.DEVNULL)
                started.append((compiling, temporary, folder / use))
    for compiling, temporary, place in started:
        _keep(compiling, temporary, place)


def _keep(compiling: Kept, temporary: Path, place: Path) -> None:
    try:
        if compiling.process.wait(_SECONDS) == 0:
            temporary.replace(place)
    except (OSError, subprocess.TimeoutExpired):
        pass
    finally:
        compiling.end()
        temporary.unlink(missing_ok=True)
        guard.spare(temporary)


def _compiler() -> Path | None:
    """The compiler that Jittor takes, if it is a g++; the variable is also what Jittor itself notes there."""
    named = os.environ.get("cc_path") or "g++"  # noqa: SIM112, the name is Jittor's
    found = shutil.which(named)
    return Path(found).resolve() if found and _GXX.fullmatch(Path(named).name) else None


def _header(home: Path, compiler: Path, sources: Path | None) -> Path:
    """Another one for another compiler, another Jittor, and another list of headers."""
    state = compiler.stat()
    known = [f"{compiler} {state.st_size} {state.st_mtime_ns}"]
    for own in (sources / name for name in JITTOR_HEADERS if sources is not None):
        known.append(f"{own} {hashlib.sha256(own.read_bytes()).hexdigest()}")
    identity = " ".join([*known, *map(str, HEADERS), *map(str, _USES.values())])
    return home / "precompiled" / hashlib.sha256(identity.encode()).hexdigest()[:12] / "std.h"
