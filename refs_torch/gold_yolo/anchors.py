"""Anchor points, one a cell, and boxes as distances from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.pairs.gold_yolo.grid import Size, grid


def cell_centres(sizes: Sequence[Size], like: Tensor) -> tuple[Tensor, Tensor]:
    """Every level's cell centres in cells (A, 2), and each one's stride (A, 1)."""
    found = grid(tuple(sizes))
    return tensor_like(found.points, like), tensor_like(found.strides, like)


def tensor_like(array: NDArray[Any], like: Tensor) -> Tensor:
    """Numbers on the device and in the precision of another tensor."""
    return torch.from_numpy(array).to(like)


def dist2bbox(distance: Tensor, points: Tensor, form: str = "xyxy") -> Tensor:
    """Boxes, as corners or as centre and size, from the distances of their four sides."""
    left_top, right_bottom = distance.split(2, dim=-1)
    low, high = points - left_top, points + right_bottom
    if form == "xywh":
        return torch.cat(((low + high) / 2, high - low), dim=-1)
    return torch.cat((low, high), dim=-1)


def bbox2dist(points: Tensor, boxes: Tensor, reg_max: int) -> Tensor:
    """The distances of the four sides of boxes, kept within the bins."""
    low, high = boxes.split(2, dim=-1)
    return torch.cat((points - low, high - points), dim=-1).clamp(0, reg_max - 0.01)
