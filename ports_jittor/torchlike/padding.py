"""Padding in all modes, negative amounts included; Jittor compiles anew for each size."""

from __future__ import annotations

from collections.abc import Sequence

import jittor as jt
import numpy as np

from ports_jittor.torchlike._take import Positions, take
from ports_jittor.torchlike.module import Module


def pad(x: jt.Var, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> jt.Var:
    """torch's pad of the last dimension or the last two; negative amounts crop."""
    if len(pad) == 2:
        pad = (*pad, 0, 0)
    if len(pad) != 4 or x.ndim < 2:
        raise ValueError(
            f"pad: {len(pad)} amounts for {x.ndim} dimensions; use 2 or 4, of the last dimensions"
        )
    left, right, top, bottom = pad
    rows = _positions(x.shape[-2], top, bottom, mode)
    columns = _positions(x.shape[-1], left, right, mode)
    return take(x, rows, columns, value or 0.0)


def _positions(size: int, before: int, after: int, mode: str) -> Positions:
    """Which element each place of a padded line shows; -1 for none."""
    places = np.arange(-before, size + after)
    inside = (places >= 0) & (places < size)
    if not len(places):
        raise ValueError(f"pad: {before} and {after} leave nothing of {size}")
    if mode == "constant":
        return np.where(inside, places, -1)
    if mode == "replicate":
        return places.clip(0, size - 1)
    most = {"reflect": size - 1, "circular": size}.get(mode)
    if most is None:
        raise ValueError(f"pad: mode {mode!r}; it may be constant, reflect, replicate or circular")
    if max(before, after) > most:
        raise ValueError(
            f"pad: mode {mode} can pad a side of {size} by at most {most}, not by {max(before, after)}"
        )
    if mode == "circular":
        return places % size
    return np.where(inside, places, np.where(places < 0, -places, 2 * (size - 1) - places))


class _Pad2d(Module):
    """Amounts for (left, right, top, bottom), or one for all."""

    mode = "constant"

    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__()
        self.padding = (padding,) * 4 if isinstance(padding, int) else tuple(padding)

    def forward(self, x: jt.Var) -> jt.Var:
        return pad(x, self.padding, self.mode)


class ZeroPad2d(_Pad2d):
    """torch.nn.ZeroPad2d."""


class ReflectionPad2d(_Pad2d):
    """torch.nn.ReflectionPad2d; Jittor's takes no tuple and compiles anew for each size."""

    mode = "reflect"


class ReplicationPad2d(_Pad2d):
    """torch.nn.ReplicationPad2d; Jittor's takes no tuple and compiles anew for each size."""

    mode = "replicate"


class ConstantPad2d(_Pad2d):
    """torch.nn.ConstantPad2d."""

    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, x: jt.Var) -> jt.Var:
        return pad(x, self.padding, value=self.value)
