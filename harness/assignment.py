"""`NAME=VALUE` on a command line."""

from __future__ import annotations

import ast
from typing import Any


def assignment(text: str) -> tuple[str, Any]:
    """A name, and a value: a Python literal where it is one, else the text."""
    name, _, value = text.partition("=")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return name, value
