"""A module that drops values at random is found by the name of its class, also in a stranger's code."""

from __future__ import annotations

from typing import Any

from harness.sides.dropout import is_dropout


class DropPath:
    """Of somebody's own."""

    def children(self) -> list[Any]:
        return []


class Kept(DropPath):
    """Named otherwise."""


class DropoutNet:
    """Made of parts."""

    def children(self) -> list[Any]:
        return [DropPath()]


def test_a_dropout_is_known_by_the_name_of_its_class() -> None:
    assert is_dropout(DropPath())
    assert is_dropout(Kept())
    assert not is_dropout(DropoutNet())
