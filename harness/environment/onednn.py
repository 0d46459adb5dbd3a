"""oneDNN where Jittor looks for it, so that it is not downloaded."""

from __future__ import annotations

import os
from pathlib import Path

from harness.environment.files import link
from harness.environment.interpreter_info import InterpreterInfo

PLACE = Path(".cache/jittor/mkl/dnnl_lnx_2.2.0_cpu_gomp")  # below JITTOR_HOME
LIBRARY, HEADER = "libmkldnn.so", "mkldnn.hpp"


def find(facts: InterpreterInfo) -> tuple[Path, Path] | None:
    """The library and include folders of the installed wheels."""
    roots = [facts.prefix, facts.base_prefix]
    for folder in facts.site:  # a package folder given to `pip install --target`, or one inside a prefix
        roots += [folder, Path(os.path.normpath(folder / "../../.."))]
    for root in dict.fromkeys(roots):
        if _complete(root / "lib", root / "include"):
            return root / "lib", root / "include"
    return None


def linked(home: Path) -> Path | None:
    """The library folder that Jittor's home leads to, if it holds oneDNN."""
    library, include = home / PLACE / "lib", home / PLACE / "include"
    return library.resolve() if _complete(library, include) else None


def lay_out(home: Path, facts: InterpreterInfo) -> bool:
    """Link the wheels into Jittor's home; whether Jittor has oneDNN then.

    Links that work are left alone: interpreters that share a home would undo each other's otherwise.
    """
    found = find(facts)
    if found is not None and linked(home) is None:
        link(home / PLACE / "lib", found[0])
        link(home / PLACE / "include", found[1])
    return linked(home) is not None


def _complete(library: Path, include: Path) -> bool:
    return (library / LIBRARY).is_file() and (include / HEADER).is_file()
