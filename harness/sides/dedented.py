"""The text of a function without its indentation, in which texts of several lines stay what they are."""

from __future__ import annotations

import io
import tokenize


def dedented(text: str) -> str:
    """The text with the indentation of its first line taken off each line that begins in no string."""
    margin = text[: len(text) - len(text.lstrip(" \t"))]
    if not margin:
        return text
    inside = _lines_that_begin_in_a_string(text)
    lines = enumerate(text.split("\n"), 1)
    return "\n".join(line if number in inside else _without(margin, line) for number, line in lines)


def _without(margin: str, line: str) -> str:
    """A line that may have less indentation than the margin, as a comment does."""
    return line[len(margin) :] if line.startswith(margin) else line.lstrip(" \t")


def _lines_that_begin_in_a_string(text: str) -> set[int]:
    """Their numbers. What is indented is read as a block, so each stands one line farther down there."""
    found: set[int] = set()
    begun: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(f"if True:\n{text}").readline):
        kind, begin, end = tokenize.tok_name[token.type], token.start[0], token.end[0]
        if kind == "FSTRING_START":
            begun.append(begin)
        elif kind in ("STRING", "FSTRING_END"):
            found.update(range(begun.pop() if kind == "FSTRING_END" else begin, end))
    return found
