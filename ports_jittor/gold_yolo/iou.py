"""How well boxes overlap: plainly for the assigners, and in the four forms that a loss is made of."""

from __future__ import annotations

import math

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.torchlike import kinks

EPS = 1e-10


def pairwise_iou(one: Tensor, other: Tensor, eps: float = 1e-9, floor: bool = False) -> Tensor:
    """(..., G, 4) against (..., A, 4), as corners; `eps` is added to the union or is its floor."""
    one, other = one.unsqueeze(-2), other.unsqueeze(-3)
    sides = kinks.clamp(
        jt.minimum(one[..., 2:], other[..., 2:]) - jt.maximum(one[..., :2], other[..., :2]), min=0
    )
    overlap = sides[..., 0] * sides[..., 1]
    union = area(one) + area(other) - overlap
    return overlap / (kinks.clamp(union, min=eps) if floor else union + eps)


def area(boxes: Tensor) -> Tensor:
    """Areas of boxes as corners; none is negative."""
    sides = kinks.clamp(boxes[..., 2:] - boxes[..., :2], min=0)
    return sides[..., 0] * sides[..., 1]


def iou_loss(prediction: Tensor, target: Tensor, kind: str) -> Tensor:
    """One minus the overlap of boxes as corners (..., 4), with the penalty of a kind."""
    x1, y1, x2, y2 = (prediction[..., side] for side in range(4))
    u1, v1, u2, v2 = (target[..., side] for side in range(4))
    width, height = x2 - x1, y2 - y1 + EPS
    wanted_width, wanted_height = u2 - u1, v2 - v1 + EPS
    inner_width = kinks.clamp(kinks.minimum(x2, u2) - kinks.maximum(x1, u1), min=0)
    inner_height = kinks.clamp(kinks.minimum(y2, v2) - kinks.maximum(y1, v1), min=0)
    inter = inner_width * inner_height
    union = width * height + wanted_width * wanted_height - inter + EPS
    iou = inter / union
    outer_width = kinks.maximum(x2, u2) - kinks.minimum(x1, u1)
    outer_height = kinks.maximum(y2, v2) - kinks.minimum(y1, v1)
    if kind == "giou":
        hull = outer_width * outer_height + EPS
        return 1 - (iou - (hull - union) / hull)
    across, down = (u1 + u2 - x1 - x2) / 2, (v1 + v2 - y1 - y2) / 2
    if kind == "siou":
        distance = angle_distance(across, down, outer_width, outer_height)
        shape = shape_cost(width, wanted_width) + shape_cost(height, wanted_height)
        return 1 - (iou - (distance + shape) / 2)
    apart = (across.sqr() + down.sqr()) / (outer_width.sqr() + outer_height.sqr() + EPS)
    if kind == "diou":
        return 1 - (iou - apart)
    if kind == "ciou":
        angles = jt.atan(wanted_width / wanted_height) - jt.atan(width / height)
        ratio = 4 / math.pi**2 * angles.sqr()
        weight = (ratio / (ratio - iou + (1 + EPS))).detach()
        return 1 - (iou - (apart + ratio * weight))
    raise ValueError(f"no overlap is called {kind!r}; there are giou, siou, ciou and diou")


def angle_distance(across: Tensor, down: Tensor, width: Tensor, height: Tensor) -> Tensor:
    """How far the centres are apart, less where they lie on a diagonal."""
    across, down = across + EPS, down + EPS
    length = jt.sqrt(across.sqr() + down.sqr())
    by_width, by_height = kinks.abs(across) / length, kinks.abs(down) / length
    sine = jt.ternary(by_width > math.sqrt(2) / 2, by_height, by_width)
    gamma = jt.cos(jt.asin(sine) * 2 - math.pi / 2) - 2
    return 2 - jt.exp(gamma * (across / width).sqr()) - jt.exp(gamma * (down / height).sqr())


def shape_cost(side: Tensor, wanted: Tensor) -> Tensor:
    """How much a side differs from the one wanted."""
    return (1 - jt.exp(-(kinks.abs(side - wanted) / kinks.maximum(side, wanted)))).sqr().sqr()
