"""Texts that others wrote (names, messages, logs), made harmless to show: one place for all that show them.

What has a shape stays. White space of any kind is a space, so that one line stays one line. What has no
shape (control and format characters, marks that turn the direction of writing, halves of surrogate pairs,
fillers, code points that nobody has given a meaning) becomes U+FFFD: it could steer a terminal, hide or
reorder what stands there, or make a document unreadable.
"""

from __future__ import annotations

import re

_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LONGEST = 10_000  # letters of one line
MOST_LINES = 1_000
_SHAPELESS = "\N{REPLACEMENT CHARACTER}"
# Letters and marks by their category, yet nothing is seen of them.
_FILLERS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\U000e0100-\U000e01ef]")


def without_colours(text: str) -> str:
    """A text without what sets colours and moves the cursor of a terminal."""
    return _STEERING.sub("", text)


def printable(text: object) -> str:
    """A text as one line that can be shown anywhere."""
    found = text if isinstance(text, str) else str(text)
    if len(found) > LONGEST:
        found = f"{found[:LONGEST]} … ({len(found) - LONGEST} more letters)"
    if not found.isprintable():
        found = "".join(_shown(letter) for letter in found)
    return found if found.isascii() else _FILLERS.sub(_SHAPELESS, found)


def printable_lines(text: str) -> str:
    """A text of several lines that can be shown anywhere, the last lines of it if there are very many."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(printable(line.expandtabs()) for line in lines[-MOST_LINES:])


def _shown(letter: str) -> str:
    if letter.isprintable():
        return letter
    return " " if letter.isspace() else _SHAPELESS
