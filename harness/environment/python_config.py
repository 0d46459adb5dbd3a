"""A stand-in for `python3.X-config` that fits one interpreter exactly.

Jittor asks that program for include folders and for the suffix of extensions. Beside the interpreter of a
virtual environment there is none, and the one in /usr/bin belongs to another Python.
"""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path

from harness.environment.files import write
from harness.environment.interpreter_info import InterpreterInfo


def script(facts: InterpreterInfo) -> str:
    """What the stand-in says."""
    includes = " ".join(f"-I{folder}" for folder in facts.includes)
    return (
        "#!/bin/sh\n"
        'case "$1" in\n'
        f"  --includes) echo {shlex.quote(includes)} ;;\n"
        f"  --extension-suffix) echo {shlex.quote(facts.suffix)} ;;\n"
        "  *) exit 1 ;;\n"
        "esac\n"
    )


def lay_out(home: Path, facts: InterpreterInfo) -> Path:
    """Write the stand-in below Jittor's home and return its path.

    Two builds of one Python version share an ABI name but not their headers: the second gets another name.
    """
    text, folder = script(facts), home / "bootstrap"
    path = folder / f"{facts.abi}-config"
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        path = folder / f"{facts.abi}-{hashlib.sha256(text.encode()).hexdigest()[:8]}-config"
    write(path, text, executable=True)
    return path
