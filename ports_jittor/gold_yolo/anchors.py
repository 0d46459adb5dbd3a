"""Anchor points, one a cell, and boxes as distances from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jittor as jt
import numpy as np
from jittor import Var as Tensor
from numpy.typing import NDArray

from harness.pairs.gold_yolo.grid import Size, grid
from ports_jittor.torchlike import kinks


def cell_centres(sizes: Sequence[Size], like: Tensor) -> tuple[Tensor, Tensor]:
    """Every level's cell centres in cells (A, 2), and each one's stride (A, 1)."""
    found = grid(tuple(sizes))
    return tensor_like(found.points, like), tensor_like(found.strides, like)


def tensor_like(array: NDArray[Any], like: Tensor) -> Tensor:
    """Numbers in the precision of another tensor; jt.array alone would make them float32."""
    wide = array.astype(str(like.dtype))
    return (jt.array64(wide) if wide.dtype == np.float64 else jt.array(wide)).stop_grad()


def dist2bbox(distance: Tensor, points: Tensor, form: str = "xyxy") -> Tensor:
    """Boxes, as corners or as centre and size, from the distances of their four sides."""
    left_top, right_bottom = distance[..., :2], distance[..., 2:]
    low, high = points - left_top, points + right_bottom
    if form == "xywh":
        return jt.concat(((low + high) / 2, high - low), dim=-1)
    return jt.concat((low, high), dim=-1)


def bbox2dist(points: Tensor, boxes: Tensor, reg_max: int) -> Tensor:
    """The distances of the four sides of boxes, kept within the bins."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return kinks.clamp(jt.concat((points - low, high - points), dim=-1), 0, reg_max - 0.01)
