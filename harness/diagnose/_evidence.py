"""The evidence that a hypothesis can use, and the trials that it can ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Evidence:
    """One layer that differs: what both sides returned for the same inputs, and what the layer is.

    `differing` holds the attributes that are not the same on both sides, as (reference, port). `floor` is
    how far apart in l2 rounding alone may put two such tensors.
    """

    type: str
    reference: Array
    port: Array
    inputs: tuple[Array, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    differing: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    state: Mapping[str, Array] = field(default_factory=dict)
    operation: bool = False
    training: bool = False
    floor: float = 0.0

    def distance(self, tensor: Array) -> float:
        """The distance of a tensor from the port's result; infinite if the shapes differ."""
        if tensor.shape != self.port.shape:
            return float("inf")
        with np.errstate(all="ignore"):
            gap = tensor.astype(np.float64) - self.port.astype(np.float64)
            same = np.isnan(tensor) & np.isnan(self.port) if tensor.dtype.kind == "f" else False
            found = float(np.sqrt(np.sum(np.where(same, 0.0, gap) ** 2)))
        return found if np.isfinite(found) else float("inf")

    def reproduces(self, tensor: Array) -> bool:
        """Whether a tensor is the port's result within noise, and far closer to it than the reference."""
        apart = self.distance(tensor)
        return apart <= self.floor and apart <= 0.1 * self.distance(self.reference)


@dataclass(frozen=True)
class Trial:
    """One hypothesis made concrete: what to change in the reference's layer, or the tensor it predicts.

    `words` follow "the port's output equals ".
    """

    words: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Array] = field(default_factory=dict)
    training: bool | None = None
    predicted: Array | None = None
