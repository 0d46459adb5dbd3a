"""The rules of a key map. Each takes the tensors so far and gives the next ones; order is kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.errors import BadInput
from harness.older_python import strict_zip
from weight_convert.folds import FoldReport
from weight_convert.manifest import DroppedKey, MadeTensor
from weight_convert.tensor import Tensor


@dataclass
class MappedState:
    """A state on its way through a map: the tensors, where each came from, and what was lost or made."""

    tensors: dict[str, Tensor]
    sources: dict[str, str] = field(default_factory=dict)
    dropped: list[DroppedKey] = field(default_factory=list)
    made: list[MadeTensor] = field(default_factory=list)
    folds: list[FoldReport] = field(default_factory=list)

    def put(self, tensors: Iterable[tuple[str, Tensor]], what: str) -> None:
        """Take new entries; two of one name are an error."""
        new: dict[str, Tensor] = {}
        for key, tensor in tensors:
            if key in new:
                raise BadInput(f"{what}: two entries would be called {key!r}")
            new[key] = tensor
        self.tensors = new


class Pattern:
    """A key, where each * stands for any text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.stars = text.count("*")
        self._head, *self._parts = text.split("*")

    def match(self, key: str) -> tuple[str, ...] | None:
        """What the stars stand for in `key`, or None where it does not match.

        Each star takes as little as it can, one letter at least. Whatever the pattern, every part of it is
        looked for once: a stranger's pattern costs no more than any other.
        """
        if not self._parts:
            return () if key == self.text else None
        *inner, tail = self._parts
        place, stop = len(self._head), len(key) - len(tail)
        if not key.startswith(self._head) or not key.endswith(tail):
            return None
        found = []
        for part in inner:
            start = key.find(part, place + 1, stop)
            if start < 0:
                return None
            found.append(key[place:start])
            place = start + len(part)
        return (*found, key[place:stop]) if place < stop else None

    def fill(self, stars: tuple[str, ...]) -> str:
        """The key with the stars replaced."""
        head, *rest = self.text.split("*")
        return head + "".join(star + part for star, part in strict_zip(stars, rest))


@dataclass(frozen=True)
class Rule(ABC):
    """One line of a map. `check` says what a person must still look at; `number` is its place."""

    number: int
    check: str

    @abstractmethod
    def apply(self, work: MappedState) -> None:
        """Change the work."""

    def found(self, work: MappedState, pattern: Pattern) -> dict[str, tuple[str, ...]]:
        """The keys that match, with what the stars stand for; none is an error."""
        found = {key: stars for key in work.tensors if (stars := pattern.match(key)) is not None}
        if not found:
            raise BadInput(
                f"rule {self.number} of the key map matches nothing: no key is like {pattern.text!r}"
            )
        return found


@dataclass(frozen=True)
class Rename(Rule):
    """Another name."""

    key: Pattern
    to: Pattern

    def apply(self, work: MappedState) -> None:
        """Change the work."""
        found = self.found(work, self.key)
        names = {key: self.to.fill(found[key]) if key in found else key for key in work.tensors}
        work.put(((names[key], tensor) for key, tensor in work.tensors.items()), f"rule {self.number}")
        renamed = {names[key]: work.sources.get(key, key) for key in found}
        kept = {key: old for key, old in work.sources.items() if key not in found}
        work.sources = {**kept, **renamed}


@dataclass(frozen=True)
class Drop(Rule):
    """Left out, with the reason."""

    key: Pattern
    reason: str

    def apply(self, work: MappedState) -> None:
        """Change the work."""
        found = self.found(work, self.key)
        work.dropped += [
            DroppedKey(key, self.reason, work.tensors[key].dtype, work.tensors[key].shape) for key in found
        ]
        work.tensors = {key: tensor for key, tensor in work.tensors.items() if key not in found}
