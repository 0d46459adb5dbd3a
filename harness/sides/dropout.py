"""Recognises what drops at random, of a framework or of anybody else: modules, and functions that draw."""

from __future__ import annotations

import re
import sys
from typing import Any

_DROPS = re.compile(r"drop_?(out|path|block|connect)|stochastic_?depth", re.IGNORECASE)
_MOST_FRAMES = 24


def is_dropout(module: Any) -> bool:
    """Whether a module without parts of its own is a dropout, by the name of one of its classes."""
    names = [kind.__name__ for kind in type(module).__mro__]
    return any(map(_DROPS.search, names)) and not list(module.children())


def drops_now() -> bool:
    """Whether the code that runs is part of a dropout: a module that is one, or a function called so."""
    frame = sys._getframe(1)
    for _ in range(_MOST_FRAMES):
        if frame.f_back is None:
            return False
        frame = frame.f_back
        code = frame.f_code
        if _DROPS.search(code.co_name) and not _is_ours(frame.f_globals):
            return True
        first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
        if _is_module(first) and code.co_name in ("forward", "execute"):
            return is_dropout(first)
    return False


def _is_ours(found: dict[str, Any]) -> bool:
    return str(found.get("__name__", "")).partition(".")[0] == "harness"


def _is_module(value: Any) -> bool:
    return callable(getattr(type(value), "children", None)) and callable(
        getattr(type(value), "modules", None)
    )
