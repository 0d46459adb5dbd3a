"""How this program was called, so that a command in a message can be pasted."""

from __future__ import annotations

import os
import shlex

CALLED_THROUGH = "ALIGN_RUN"
"""What `./run` tells of itself: the name that it was called by. Workers inherit it."""


def command(words: str) -> str:
    """A command of this program as it can be typed where the program was called: `./run align doctor`."""
    script = os.environ.get(CALLED_THROUGH, "")
    return f"{shlex.quote(script)} align {words}" if script else f"align {words}"
