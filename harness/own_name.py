"""How this program was called, so that a command in a message can be pasted."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from contextvars import ContextVar

CALLED_THROUGH = "ALIGN_RUN"
"""What `./run` tells of itself: the name that it was called by. Workers inherit it."""


_CALLED: ContextVar[str] = ContextVar("called", default="")


def remember(words: Sequence[str]) -> None:
    """Keep the command line that this process was given, for what results say of their origin."""
    _CALLED.set(shlex.join(["align", *words]))


def called() -> str:
    """The command line; empty where none was given, as in a notebook."""
    return _CALLED.get()


def command(words: str) -> str:
    """A command of this program as it can be typed where the program was called: `./run align doctor`."""
    script = os.environ.get(CALLED_THROUGH, "")
    return f"{shlex.quote(script)} align {words}" if script else f"align {words}"
