"""What a pickle's instructions may make: names, things of unknown classes, storages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Name:
    """Something that a pickle refers to by module and name. `make` is our own stand-in for calling it."""

    module: str
    name: str
    make: Callable[..., Any] | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class Thing:
    """What remains of an object whose class is not known here: its parts, never its code."""

    name: Name
    arguments: tuple[Any, ...] = ()
    state: Any = None
    items: list[Any] = field(default_factory=list)
    entries: dict[Any, Any] = field(default_factory=dict)

    def attributes(self) -> dict[Any, Any]:
        """Its attributes, where it has any."""
        state = self.state
        if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
            state = {**state[0], **state[1]} if isinstance(state[0], dict) else state[1]
        return state if isinstance(state, dict) else {}


@dataclass(frozen=True)
class OddKey:
    """Stands for a dictionary key that is no plain value."""

    number: int
    what: str

    def __str__(self) -> str:
        return f"<{self.what} {self.number}>"
