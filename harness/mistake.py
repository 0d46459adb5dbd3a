"""A mistake of our own: its traceback is kept in a file, and one line asks for a report."""

from __future__ import annotations

import os
import platform
import shlex
import tempfile
import traceback
from collections.abc import Sequence


def kept(name: str, words: Sequence[str], error: BaseException) -> str:
    """Keep what the program `name` failed of, called with `words`; the line to say."""
    told = f"this is a mistake of {name} itself ({type(error).__name__}: {error}). Please report it"
    if os.environ.get("ALIGN_DEBUG"):
        traceback.print_exception(error)
        return told
    lines = [f"{name} {shlex.join(words)}", f"Python {platform.python_version()}, {platform.platform()}", ""]
    try:
        handle, path = tempfile.mkstemp(prefix="align-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
            log.write("\n".join([*lines, *traceback.format_exception(error)]))
    except OSError as problem:
        return f"{told}; its log could not be kept ({problem}), ALIGN_DEBUG=1 prints it"
    return f"{told} with the log {path}"
