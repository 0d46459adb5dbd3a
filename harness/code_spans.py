"""Where the expressions of a text stand, and the text with other parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Tuple

Span = Tuple[int, int]
"""From a byte to another one."""


def line_starts(text: str) -> list[int]:
    """Where each line of a text begins, in bytes."""
    starts = [0]
    for line in text.encode().split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def span_of(node: Any, starts: Sequence[int]) -> Span:
    """From where to where a node of the syntax tree stands, in bytes."""
    return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset


def with_parts(text: str, parts: Sequence[tuple[int, int, str]]) -> str:
    """A text with other parts: each from a byte to another one, and what stands there."""
    whole = text.encode()
    for start, end, new in sorted(parts, reverse=True):
        whole = whole[:start] + new.encode() + whole[end:]
    return whole.decode()
