"""Where in a model's own code something happens."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

_HARNESS = Path(__file__).parents[1]
_OF_OTHERS = frozenset(["harness", "torch", "jittor", "numpy", "contextlib", "functools"])
_TORCHLIKE = "ports_jittor.torchlike"


def place_in_code() -> str:
    """The function of the model's code that runs now, as `inside (assigners.py, line 45)`; empty if none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if is_of_model(frame):
            return _said(frame, frame.f_lineno)
        frame = frame.f_back
    return ""


def place_of_error(error: BaseException) -> str:
    """The innermost function of the model's code that an error came through, in the same form."""
    trace, found = error.__traceback__, ""
    while trace is not None:
        if is_of_model(trace.tb_frame):
            found = _said(trace.tb_frame, trace.tb_lineno)
        trace = trace.tb_next
    return found


def is_of_model(frame: FrameType) -> bool:
    """Whether a function of the model's own code runs in a frame."""
    module = str(frame.f_globals.get("__name__", ""))
    if module.partition(".")[0] in _OF_OTHERS or module.startswith(_TORCHLIKE):
        return False
    return _HARNESS not in Path(frame.f_code.co_filename).parents  # a worker runs as __main__


def _said(frame: FrameType, line: int) -> str:
    return f"{frame.f_code.co_name} ({Path(frame.f_code.co_filename).name}, line {line})"
