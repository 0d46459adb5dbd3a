"""A tensor cut into equal blocks, as a pooling or a reduction sees it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.diagnose._evidence import Array


@dataclass(frozen=True)
class Blocks:
    """A tensor cut into equal blocks, one for each element of a smaller one."""

    shape: tuple[int, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, shape: tuple[int, ...], smaller: tuple[int, ...]) -> Blocks | None:
        """The blocks, or None if the shapes do not fit."""
        if len(smaller) < len(shape):  # axes reduced away: the trailing ones, if those before are the same
            if smaller != shape[: len(smaller)]:
                return None
            smaller = smaller + (1,) * (len(shape) - len(smaller))
        fits = len(smaller) == len(shape) and all(
            b and not a % b for a, b in zip(shape, smaller, strict=True)
        )
        return cls(shape, smaller) if fits else None

    def _sizes(self) -> list[int]:
        return [size // count for size, count in zip(self.shape, self.counts, strict=True)]

    def split(self, tensor: Array) -> Array:
        """The elements of each block on the last axis."""
        pairs = [part for pair in zip(self.counts, self._sizes(), strict=True) for part in pair]
        rank = len(self.shape)
        moved = tensor.reshape(pairs).transpose([*range(0, 2 * rank, 2), *range(1, 2 * rank, 2)])
        return moved.reshape(*self.counts, -1)

    def join(self, blocks: Array) -> Array:
        """The tensor that these blocks make up."""
        rank = len(self.shape)
        moved = blocks.reshape(*self.counts, *self._sizes())
        order = [axis for place in range(rank) for axis in (place, rank + place)]
        return moved.transpose(order).reshape(self.shape)
