"""Resizing with torch's defaults and torch's use of scale_factor; one compilation for all sizes."""

from __future__ import annotations

import math
from typing import Sequence, Union

import jittor as jt
import numpy as np
from numpy.typing import NDArray

from harness.older_python import strict_zip
from ports_jittor.torchlike._common import pair, variable
from ports_jittor.torchlike._take import Positions, take, take_along
from ports_jittor.torchlike.module import Module

Scale = Union[float, Sequence[float]]
Weights = NDArray[np.float64]


def interpolate(
    x: jt.Var,
    size: int | Sequence[int] | None = None,
    scale_factor: Scale | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> jt.Var:
    """torch's interpolate of (N, C, H, W): nearest by default, steps of 1 / scale_factor."""
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: give either size or scale_factor")
    scales = _both(scale_factor)
    sizes = _sizes(x.shape[-2:], scales) if size is None else pair(size)
    sides = strict_zip(x.shape[-2:], sizes, scales)
    if mode == "nearest":
        down, across = (_nearest(*side) for side in sides)
        return take(x, down, across)
    if mode == "bilinear":
        rows, columns = (_linear(*side, bool(align_corners)) for side in sides)
        return _blend(_blend(x, -1, *columns), -2, *rows)
    raise ValueError(f"interpolate: mode {mode!r}; it may be nearest or bilinear")


def _both(scale_factor: Scale | None) -> tuple[float | None, float | None]:
    if scale_factor is None or isinstance(scale_factor, (int, float)):
        return scale_factor, scale_factor
    vertical, horizontal = scale_factor
    return vertical, horizontal


def _sizes(shape: Sequence[int], scales: tuple[float | None, float | None]) -> tuple[int, int]:
    height, width = (math.floor(size * (scale or 1)) for size, scale in strict_zip(shape, scales))
    return height, width


def _step(size: int, out: int, scale: float | None) -> float:
    """How far the source moves for one place; torch trusts a given scale more than the sizes."""
    return 1 / scale if scale else size / out


def _nearest(size: int, out: int, scale: float | None) -> Positions:
    step = np.float32(_step(size, out, scale))  # in torch's precision, which decides at exact multiples
    places = np.floor(np.arange(out, dtype=np.float32) * step).astype(np.int64)
    return np.minimum(places, size - 1)


def _linear(size: int, out: int, scale: float | None, corners: bool) -> tuple[Positions, Positions, Weights]:
    """The two neighbours of each place, and the weight of the second."""
    if corners:
        source = np.arange(out) * ((size - 1) / (out - 1) if out > 1 else 0.0)
    else:
        source = np.maximum((np.arange(out) + 0.5) * _step(size, out, scale) - 0.5, 0)
    first = np.minimum(np.floor(source).astype(np.int64), size - 1)
    return first, np.minimum(first + 1, size - 1), source - first


def _blend(x: jt.Var, dim: int, first: Positions, second: Positions, weight: Weights) -> jt.Var:
    """Linear interpolation along one of the last two dimensions."""
    along = (-1, 1) if dim == -2 else (1, -1)
    share = variable(weight.astype(str(x.dtype))).reshape((1,) * (x.ndim - 2) + along)
    low, high = (take_along(x, dim, places) for places in (first, second))
    return low * (1 - share) + high * share


class Upsample(Module):
    """torch.nn.Upsample, `size` and pairs of scale factors included."""

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: Scale | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        super().__init__()
        self.size, self.scale_factor, self.mode, self.align_corners = size, scale_factor, mode, align_corners

    def forward(self, x: jt.Var) -> jt.Var:
        return interpolate(x, self.size, self.scale_factor, self.mode, self.align_corners)


class UpsamplingNearest2d(Upsample):
    """torch.nn.UpsamplingNearest2d."""

    def __init__(self, size: int | Sequence[int] | None = None, scale_factor: Scale | None = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """torch.nn.UpsamplingBilinear2d: the corners are aligned."""

    def __init__(self, size: int | Sequence[int] | None = None, scale_factor: Scale | None = None) -> None:
        super().__init__(size, scale_factor, "bilinear", align_corners=True)
