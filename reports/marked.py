"""Strangers' texts in Markdown: plain words as they are, everything else as code, which nothing makes a link.

A backslash is not enough. Where Markdown is shown, bare addresses, `@names`, `#1` and commits become links
after it has been read, whatever was escaped. In code nothing does.
"""

from __future__ import annotations

import re

from harness.text import printable

_LETTERS = r"[A-Za-z0-9\u0080-\U0010ffff]+"
_WORD = re.compile(rf"{_LETTERS}(?:[-'/=,%]{_LETTERS})*%?")
_FIGURE = re.compile(r"[-+]?\d+(?:\.\d+)*(?:e[-+]?\d+)?%?")
_LINKED = re.compile(r"[0-9a-f]{7,40}|gh-\d+", re.IGNORECASE)  # commits and issues
_MARKER = re.compile(r"\d+[.)]")  # begins a list at the beginning of a line
_END = ",.;:?!"
_TICKS = re.compile("`+")


def prose(value: object) -> str:
    """A sentence: its plain words, and as code what is none."""
    words = printable(value).split()
    return " ".join(_token(word, first=not place) for place, word in enumerate(words))


def code(value: object) -> str:
    """A text as code, and nothing but that: the fence is longer than any inside; a table is not torn."""
    parts = " ".join(printable(value).split()).split("|")
    return "&#124;".join(_fenced(part) for part in parts)


def _token(word: str, first: bool) -> str:
    body = word if first and _MARKER.fullmatch(word) else word.rstrip(_END)
    end = word[len(body) :]
    opened, body, closed = _bracketed(body)
    return f"{opened}{body if not body or _is_plain(body) else code(body)}{closed}{end}"


def _bracketed(text: str) -> tuple[str, str, str]:
    """A word without the bracket or quotation mark that begins or ends a part of the sentence here."""
    for left, right in ("()", '""', "''"):
        begins, ends = text.startswith(left), text.endswith(right)
        if begins and ends and len(text) > 2:
            return left, text[1:-1], right
        if begins and right not in text[1:]:
            return left, text[1:], ""
        if ends and left not in text[:-1]:
            return "", text[:-1], right
    return "", text, ""


def _is_plain(text: str) -> bool:
    return bool(_WORD.fullmatch(text) or _FIGURE.fullmatch(text)) and not _LINKED.fullmatch(text)


def _fenced(text: str) -> str:
    if not text:
        return ""
    fence = "`" * (1 + max(map(len, _TICKS.findall(text)), default=0))
    gap = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{gap}{text}{gap}{fence}"
