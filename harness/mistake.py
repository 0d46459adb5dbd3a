"""Unforeseen errors: the system refused something, a package is missing, or align has a mistake.

The traceback of a mistake is kept in a file, and one line asks for a report.
"""

from __future__ import annotations

import errno
import os
import platform
import shlex
import tempfile
import traceback
from collections.abc import Sequence

from harness import own_packages
from harness.errors import BAD_INPUT, BUG, NO_ENVIRONMENT

_SPENT = {errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EROFS, errno.EAGAIN}


def judged(name: str, words: Sequence[str], error: BaseException) -> tuple[str, int]:
    """What the program `name`, called with `words`, says of an error, and its exit code."""
    if isinstance(error, OSError) and error.errno in _SPENT:
        return f"{_place(error)}{error.strerror}. Make room there, or name another place", NO_ENVIRONMENT
    if isinstance(error, OSError) and error.filename is not None:
        return f"{_place(error)}{error.strerror}. Name another place, or make it accessible", BAD_INPUT
    if isinstance(error, ImportError) and not own_packages.clash(error):
        sentence = f"a part of the installation cannot be imported: {error}. Call ./run, which completes it"
        return sentence, NO_ENVIRONMENT
    return _kept(name, words, error), BUG


def _place(error: OSError) -> str:
    return "" if error.filename is None else f"{error.filename}: "


def _kept(name: str, words: Sequence[str], error: BaseException) -> str:
    sentence = f"this is a mistake of {name} itself ({type(error).__name__}: {error}). Please report it"
    if os.environ.get("ALIGN_DEBUG"):
        traceback.print_exception(error)
        return sentence
    lines = [f"{name} {shlex.join(words)}", f"Python {platform.python_version()}, {platform.platform()}", ""]
    try:
        handle, path = tempfile.mkstemp(prefix="align-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
            log.write("\n".join([*lines, *traceback.format_exception(error)]))
    except OSError as problem:
        return f"{sentence}; its log could not be kept ({problem}), ALIGN_DEBUG=1 prints it"
    return f"{sentence} with the log {path}"
