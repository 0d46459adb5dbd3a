"""Where in a model's own code something happens."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

_OF_OTHERS = frozenset(["harness", "torch", "jittor", "contextlib", "functools"])


def place_in_code() -> str:
    """The function of the model's code that runs now, as `inside (assigners.py, line 45)`; empty if none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in _OF_OTHERS:
            return f"{frame.f_code.co_name} ({Path(frame.f_code.co_filename).name}, line {frame.f_lineno})"
        frame = frame.f_back
    return ""
