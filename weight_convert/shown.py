"""Shows values of a file in a few letters: one function for every message about them.

Nothing is spelled out before it is cut: a tuple of a hundred bytes may stand for a text that never ends.
"""

from __future__ import annotations

from typing import Any

from harness.text import printable

FEW = 60
_LONGEST_INTEGER = 256


def shown(value: Any, most: int = FEW) -> str:
    """A value in at most about `most` letters, in time that does not depend on the value."""
    if isinstance(value, str):
        return repr(value[:most]) + ("..." if len(value) > most else "")
    if isinstance(value, (bytes, memoryview)):
        return f"{bytes(value[:16])!r} ({len(value):,} bytes)"
    if isinstance(value, int) and value.bit_length() > _LONGEST_INTEGER:
        return f"an integer of {value.bit_length():,} bits"
    if value is None or isinstance(value, (int, float, complex)):
        return repr(value)
    return f"a {type(value).__name__}"


def shown_name(name: str, most: int = FEW) -> str:
    """A name without quotes, on one line."""
    return printable(name[:most]) + ("..." if len(name) > most else "")
