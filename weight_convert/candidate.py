"""What may turn out to be a model's state: its tensors by key, and what lies beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.errors import BadInput
from weight_convert.budget import FINDING, PAIR, Budget
from weight_convert.manifest import DroppedKey
from weight_convert.pickles.arrays import ArrayDraft
from weight_convert.pickles.values import Thing
from weight_convert.shown import shown, shown_name
from weight_convert.tensor import Tensor

_LONGEST_NAME = 80


@dataclass
class Candidate:
    """A part of a file that looks like a model's state."""

    path: str
    budget: Budget
    tensors: dict[str, Tensor] = field(default_factory=dict)
    dropped: list[DroppedKey] = field(default_factory=list)
    unreadable: list[DroppedKey] = field(default_factory=list)

    def describe(self) -> str:
        """Name and size, for messages."""
        return f"{shown_name(self.path) or '.'} ({len(self.tensors)} tensors)"

    def take(self, key: str, value: Any) -> None:
        """Keep a tensor under its key; note a value that is no tensor."""
        tensor = as_tensor(value)
        if tensor is None:
            self.leave(key, value)
            return
        self.budget.spend(PAIR + len(key))
        if self.tensors.setdefault(key, tensor) is not tensor:
            raise BadInput(f"two tensors have the key {shown(key)}; which one to take is unknown")

    def leave(self, key: str, value: Any) -> None:
        """Tell of what is no tensor, or none that can be read."""
        self.budget.spend(FINDING)
        name = shown_name(key, _LONGEST_NAME)
        if as_tensor(value) is not None:
            self.unreadable.append(DroppedKey(name, "a tensor whose key is no text"))
        elif isinstance(value, ArrayDraft):
            self.unreadable.append(DroppedKey(name, value.problem))
        elif isinstance(value, Thing) and "_rebuild" in value.name.name:
            self.unreadable.append(DroppedKey(name, f"made by {value.name}, which is no plain tensor"))
        else:
            what = str(value.name) if isinstance(value, Thing) else type(value).__name__
            self.dropped.append(DroppedKey(name, f"not a tensor ({what})"))


def as_tensor(value: Any) -> Tensor | None:
    """The tensor that a leaf is, if it is one."""
    if isinstance(value, Tensor):
        return value
    return value.tensor() if isinstance(value, ArrayDraft) else None
