"""What a pickle's instructions may make: names, things of unknown classes, keys, storages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from weight_convert.budget import ODD_KEY, PAIR, Budget
from weight_convert.shown import shown, shown_name

_PLAIN = (int, float, type(None))
_MOST_PARTS, _LONGEST_PART = 16, 256
_LONGEST_NAME = 80
_SPELLED = ("int", "bool", "float", "NoneType")


@dataclass(frozen=True)
class Name:
    """Something that a pickle refers to by module and name. `make` is our own stand-in for calling it."""

    module: str
    name: str
    make: Callable[..., Any] | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{shown_name(self.module, _LONGEST_NAME)}.{shown_name(self.name, _LONGEST_NAME)}"


def shown_or_named(value: Any) -> str:
    """A value in a few letters; a name in full."""
    return str(value) if isinstance(value, Name) else shown(value)


@dataclass(eq=False)
class Thing:
    """What remains of an object whose class is not known here: its parts, never its code."""

    name: Name
    attributes: dict[Any, Any] = field(default_factory=dict)
    """Its attributes, if its state has any."""
    items: list[Any] = field(default_factory=list)
    entries: dict[Any, Any] = field(default_factory=dict)

    def take_state(self, state: Any, budget: Budget) -> None:
        """Take the attributes out of a state: a dictionary, or a pair of one and of another for slots."""
        slots: Any = None
        if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
            state, slots = state
        own = state if isinstance(state, dict) else {}
        if slots and own:
            budget.spend((len(own) + len(slots)) * PAIR)
            self.attributes = {**own, **slots}
        else:
            self.attributes = slots or own


class OddKey(NamedTuple):
    """Stands for a dictionary's key that is no text.

    Whoever makes a file can choose numbers whose hashes collide, but not texts.
    """

    what: str
    text: str

    def __str__(self) -> str:
        return self.text if self.what in _SPELLED else f"<{self.what} {self.text}>"


Key = str | OddKey


class Keys:
    """Makes values fit to be keys. Equal plain values stay equal, anything else is a key of its own."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._odd = 0

    def fit(self, value: Any) -> Key:
        """A text as it is, a stand-in for anything else."""
        if isinstance(value, str):
            return value
        text = _spelled(value)
        if text is None:
            self._odd += 1
            text = str(self._odd)
        self._budget.spend(ODD_KEY + len(text))
        return OddKey(type(value).__name__, text)


def _spelled(value: Any) -> str | None:
    """A plain value as a text of its own; None for values that are not plain or too long."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, (bytes, memoryview)) and len(value) <= _LONGEST_PART:
        return bytes(value).hex()
    if isinstance(value, tuple) and len(value) <= _MOST_PARTS:
        parts = [_spelled_part(part) for part in value]
        return None if None in parts else f"({', '.join(map(str, parts))})"
    return None


def _spelled_part(part: Any) -> str | None:
    if isinstance(part, str):
        return repr(part) if len(part) <= _LONGEST_PART else None
    return None if isinstance(part, tuple) else _spelled(part)
