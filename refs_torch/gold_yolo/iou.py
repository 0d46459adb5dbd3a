"""How well boxes overlap: plainly for the assigners, and in the four forms that a loss is made of."""

from __future__ import annotations

import math

import torch
from torch import Tensor

EPS = 1e-10


def pairwise_iou(one: Tensor, other: Tensor, eps: float = 1e-9, floor: bool = False) -> Tensor:
    """(..., G, 4) against (..., A, 4), as corners; `eps` is added to the union or is its floor."""
    low = torch.maximum(one[..., :, None, :2], other[..., None, :, :2])
    high = torch.minimum(one[..., :, None, 2:], other[..., None, :, 2:])
    overlap = (high - low).clamp(min=0).prod(dim=-1)
    union = area(one)[..., :, None] + area(other)[..., None, :] - overlap
    return overlap / (union.clamp(min=eps) if floor else union + eps)


def area(boxes: Tensor) -> Tensor:
    """Areas of boxes as corners; none is negative."""
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(dim=-1)


def iou_loss(prediction: Tensor, target: Tensor, kind: str) -> Tensor:
    """One minus the overlap of boxes as corners (..., 4), with the penalty of a kind."""
    x1, y1, x2, y2 = prediction.unbind(-1)
    u1, v1, u2, v2 = target.unbind(-1)
    width, height = x2 - x1, y2 - y1 + EPS
    wanted_width, wanted_height = u2 - u1, v2 - v1 + EPS
    inner_width = (torch.minimum(x2, u2) - torch.maximum(x1, u1)).clamp(min=0)
    inner_height = (torch.minimum(y2, v2) - torch.maximum(y1, v1)).clamp(min=0)
    inter = inner_width * inner_height
    union = width * height + wanted_width * wanted_height - inter + EPS
    iou = inter / union
    outer_width = torch.maximum(x2, u2) - torch.minimum(x1, u1)
    outer_height = torch.maximum(y2, v2) - torch.minimum(y1, v1)
    if kind == "giou":
        hull = outer_width * outer_height + EPS
        return 1 - (iou - (hull - union) / hull)
    across, down = (u1 + u2 - x1 - x2) / 2, (v1 + v2 - y1 - y2) / 2
    if kind == "siou":
        distance = angle_distance(across, down, outer_width, outer_height)
        shape = shape_cost(width, wanted_width) + shape_cost(height, wanted_height)
        return 1 - (iou - (distance + shape) / 2)
    apart = (across**2 + down**2) / (outer_width**2 + outer_height**2 + EPS)
    if kind == "diou":
        return 1 - (iou - apart)
    if kind == "ciou":
        angles = torch.atan(wanted_width / wanted_height) - torch.atan(width / height)
        ratio = 4 / math.pi**2 * angles**2
        with torch.no_grad():
            weight = ratio / (ratio - iou + (1 + EPS))
        return 1 - (iou - (apart + ratio * weight))
    raise ValueError(f"no overlap is called {kind!r}; there are giou, siou, ciou and diou")


def angle_distance(across: Tensor, down: Tensor, width: Tensor, height: Tensor) -> Tensor:
    """How far the centres are apart, less where they lie on a diagonal."""
    across, down = across + EPS, down + EPS
    length = (across**2 + down**2) ** 0.5
    by_width, by_height = across.abs() / length, down.abs() / length
    sine = torch.where(by_width > math.sqrt(2) / 2, by_height, by_width)
    gamma = torch.cos(torch.asin(sine) * 2 - math.pi / 2) - 2
    return 2 - torch.exp(gamma * (across / width) ** 2) - torch.exp(gamma * (down / height) ** 2)


def shape_cost(side: Tensor, wanted: Tensor) -> Tensor:
    """How much a side differs from the one wanted."""
    return (1 - torch.exp(-((side - wanted).abs() / torch.maximum(side, wanted)))) ** 4
