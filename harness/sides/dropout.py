"""Recognises what drops at random, of a framework or of anybody else: modules, and functions that draw."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

_DROPS = re.compile(r"drop_?(out|path|block|connect)|stochastic_?depth", re.IGNORECASE)
_MOST_FRAMES = 24


def is_dropout(module: Any) -> bool:
    """Whether a module without parts of its own is a dropout, by the name of one of its classes."""
    names = [kind.__name__ for kind in type(module).__mro__]
    return any(map(_DROPS.search, names)) and not list(module.children())


def dropping_frame() -> FrameType | None:
    """The call of a dropout that is going on: of a module that is one, or of a function called so."""
    frame = sys._getframe(1)
    for _ in range(_MOST_FRAMES):
        if frame.f_back is None:
            return None
        frame = frame.f_back
        if _DROPS.search(frame.f_code.co_name) and not _is_ours(frame.f_globals):
            return frame
        first = _argument(frame, 0)
        if _is_module(first) and frame.f_code.co_name in ("forward", "execute"):
            return frame if is_dropout(first) else None
    return None


def what_is_given(frame: FrameType) -> object:
    """What the call of a dropout is to drop from."""
    first = _argument(frame, 0)
    return _argument(frame, 1) if _is_module(first) else first


def at_return(frame: FrameType, then: Callable[[object], None]) -> None:
    """Do something with what a call that is going on returns."""
    before = sys.getprofile()

    def seen(now: FrameType, event: str, value: object) -> None:
        if now is frame and event == "return":
            sys.setprofile(before)
            then(value)

    sys.setprofile(seen)


def _argument(frame: FrameType, place: int) -> object:
    code = frame.f_code
    return frame.f_locals.get(code.co_varnames[place]) if code.co_argcount > place else None


def _is_ours(found: dict[str, Any]) -> bool:
    return str(found.get("__name__", "")).partition(".")[0] == "harness"


def _is_module(value: Any) -> bool:
    return callable(getattr(type(value), "children", None)) and callable(
        getattr(type(value), "modules", None)
    )
