"""Which layers `--layers` asks for: all, leaf, or globs of their paths with commas between them."""

from __future__ import annotations

import difflib
import fnmatch
import re

WORDS = ALL, LEAF = "all", "leaf"
_COMMA = re.compile(r",(?![^\[]*\])")  # but not one in a glob's brackets
_WILD = re.compile(r"[*?]|\[[^\]]*\]")
_NEAREST = 3


def words_of(text: str) -> list[str]:
    """The single choices in a text: `all`, `leaf` or globs."""
    return [word.strip() for word in _COMMA.split(text)]


class LayerChoice:
    """What is asked for, held against the layers and operations of one run as they come by."""

    def __init__(self, text: str = ALL) -> None:
        self._words = words_of(text)
        self._met: set[str] = set()
        self._seen: set[str] = set()

    def selects(self, path: str, is_leaf: bool) -> bool:
        """Whether this layer or operation is asked for."""
        self._seen.add(path)
        meant = {word for word in self._words if _means(word, path, is_leaf)}
        self._met |= meant
        return bool(meant)

    def unmatched(self) -> dict[str, list[str]]:
        """The choices that nothing which came by is meant by, each with the nearest names that did."""
        return {word: self._nearest(word) for word in self._words if word not in self._met}

    def _nearest(self, word: str) -> list[str]:
        return difflib.get_close_matches(_WILD.sub("", word), sorted(self._seen), _NEAREST, cutoff=0.0)


def _means(word: str, path: str, is_leaf: bool) -> bool:
    return word == ALL or (is_leaf if word == LEAF else fnmatch.fnmatchcase(path, word))
