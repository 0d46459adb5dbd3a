"""Rules that change what a tensor looks like: transpose, split, concatenate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.older_python import pairwise, strict_zip
from weight_convert.keymaps.rules import MappedState, Pattern, Rule
from weight_convert.tensor import Tensor


@dataclass(frozen=True)
class Transpose(Rule):
    """Another order of axes."""

    key: Pattern
    axes: tuple[int, ...]

    def apply(self, work: MappedState) -> None:
        """Change the work."""
        for key in self.found(work, self.key):
            work.tensors[key] = self._turned(key, work.tensors[key])

    def _turned(self, key: str, tensor: Tensor) -> Tensor:
        if sorted(self.axes) != list(range(len(tensor.shape))):
            raise BadInput(
                f"rule {self.number}: axes {list(self.axes)} do not fit {key!r} of shape {tensor.shape}"
            )
        shape = tuple(tensor.shape[axis] for axis in self.axes)
        memory = None if tensor.memory is None else ("transposed", self.axes, tensor.memory)
        return Tensor(tensor.dtype, shape, lambda: tensor.load().transpose(self.axes), memory)


@dataclass(frozen=True)
class Split(Rule):
    """One tensor cut along an axis into several."""

    key: Pattern
    into: tuple[Pattern, ...]
    axis: int
    sizes: tuple[int, ...] | None

    def apply(self, work: MappedState) -> None:
        """Change the work."""
        found = self.found(work, self.key)

        def entries() -> Iterable[tuple[str, Tensor]]:
            for key, tensor in work.tensors.items():
                if key not in found:
                    yield key, tensor
                    continue
                for part, cut in strict_zip(self.into, self._cuts(key, tensor)):
                    name = part.fill(found[key])
                    work.sources[name] = work.sources.get(key, key)
                    yield name, cut

        work.put(list(entries()), f"rule {self.number}")

    def _cuts(self, key: str, tensor: Tensor) -> list[Tensor]:
        if not 0 <= self.axis < len(tensor.shape):
            raise BadInput(f"rule {self.number}: {key!r} of shape {tensor.shape} has no axis {self.axis}")
        whole, parts = tensor.shape[self.axis], len(self.into)
        sizes = self.sizes or (whole // parts,) * parts
        if sum(sizes) != whole or len(sizes) != parts:
            raise BadInput(
                f"rule {self.number}: {key!r} has {whole} along axis {self.axis}, not {list(sizes)}"
            )
        edges = [sum(sizes[:index]) for index in range(parts + 1)]
        return [self._cut(tensor, start, stop) for start, stop in pairwise(edges)]

    def _cut(self, tensor: Tensor, start: int, stop: int) -> Tensor:
        shape = (*tensor.shape[: self.axis], stop - start, *tensor.shape[self.axis + 1 :])
        where = (slice(None),) * self.axis + (slice(start, stop),)
        memory = None if tensor.memory is None else ("part", where[-1].start, stop, self.axis, tensor.memory)
        return Tensor(tensor.dtype, shape, lambda: tensor.load()[where], memory)


@dataclass(frozen=True)
class Concatenate(Rule):
    """Several tensors joined along an axis; they stand where the first one stood."""

    keys: tuple[Pattern, ...]
    into: Pattern
    axis: int

    def apply(self, work: MappedState) -> None:
        """Change the work."""
        for stars in self.found(work, self.keys[0]).values():
            keys = [pattern.fill(stars) for pattern in self.keys]
            name = self.into.fill(stars)
            joined = self._joined(work, keys)
            work.sources[name] = " + ".join(work.sources.get(key, key) for key in keys)
            entries = [
                (name, joined) if key == keys[0] else (key, tensor)
                for key, tensor in work.tensors.items()
                if key not in keys[1:]
            ]
            work.put(entries, f"rule {self.number}")

    def _joined(self, work: MappedState, keys: list[str]) -> Tensor:
        if lacking := [key for key in keys if key not in work.tensors]:
            raise BadInput(f"rule {self.number}: nothing to join under {', '.join(map(repr, lacking))}")
        parts = [work.tensors[key] for key in keys]
        first = parts[0]
        rests = {(part.dtype, part.shape[: self.axis], part.shape[self.axis + 1 :]) for part in parts}
        if len(rests) != 1 or not 0 <= self.axis < len(first.shape):
            shapes = ", ".join(f"{key} {part.dtype} {part.shape}" for key, part in strict_zip(keys, parts))
            raise BadInput(f"rule {self.number}: these do not join along axis {self.axis}: {shapes}")
        length = sum(part.shape[self.axis] for part in parts)
        shape = (*first.shape[: self.axis], length, *first.shape[self.axis + 1 :])

        def load() -> NDArray[Any]:
            return np.concatenate([part.load() for part in parts], axis=self.axis)

        return Tensor(first.dtype, shape, load)
