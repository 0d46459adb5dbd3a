"""Flags as they are written here: `--Input_Size` is `--input-size`."""

from __future__ import annotations

from collections.abc import Iterable


def spelled(words: Iterable[str]) -> list[str]:
    """The words of a command line, each long flag in small letters and with hyphens; values stay."""
    found: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            return [*found, word, *left]
        found.append(_flag(word) if word.startswith("--") else word)
    return found


def _flag(word: str) -> str:
    name, equals, value = word.partition("=")
    return f"{name.lower().replace('_', '-')}{equals}{value}"
