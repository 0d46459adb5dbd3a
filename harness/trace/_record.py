"""What a trace knows of one tensor."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from harness.numerics import Stats


@dataclass(frozen=True)
class Noise:
    """How far float32 runs of the reference were from this float64 truth: the largest l2 and element."""

    l2: float
    max: float


@dataclass(frozen=True)
class Record:
    """One tensor of a trace.

    `type` is the layer's class or the operation's name. `alias` is the address of the record that holds the
    very same tensor. `stats` is there when the file stores it, `noise` in truths alone.
    """

    address: str
    shape: tuple[int, ...]
    dtype: str
    type: str = ""
    alias: str | None = None
    stats: Stats | None = None
    noise: Noise | None = None

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def with_noise(self, noise: Noise) -> Record:
        """The same record with its noise."""
        return replace(self, noise=noise)
