"""Memory that a process has freed and the C library still holds."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Let the system have it: drawing and writing the weights of a large model leaves much of it behind.

    Linux with the GNU C library; another gives it back by itself, or keeps it.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
