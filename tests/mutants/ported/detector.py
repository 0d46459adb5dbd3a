"""A small detector with a feature pyramid, focal loss and generalised IoU."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.mutants.ported.base import Ported

WIDTH = 8


class Unit(Ported):
    def __init__(self, wrong: str, given: int, stride: int) -> None:
        super().__init__(wrong)
        self.conv = nn.Conv2d(given, WIDTH, 3, stride, 1, bias=False)
        self.norm, self.act = nn.BatchNorm2d(WIDTH), nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        if self.wrong("act_before_norm"):
            return self.norm(self.act(self.conv(x)))
        return self.act(self.norm(self.conv(x)))


class Detector(Ported):
    def __init__(self, wrong: str) -> None:
        super().__init__(wrong)
        self.c3, self.c4, self.c5 = Unit("", 3, 2), Unit(wrong, WIDTH, 2), Unit("", WIDTH, 2)
        self.side3, self.side4, self.side5 = (nn.Conv2d(WIDTH, WIDTH, 1) for _ in range(3))
        self.act = nn.ReLU()
        self.boxes, self.scores = nn.Conv2d(WIDTH, 4, 1), nn.Conv2d(WIDTH, 3, 1)

    def up(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode="nearest")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        c3 = self.c3(x)
        c4 = self.c4(c3)
        c5 = self.c5(c4)
        p5 = self.side5(c5)
        p4 = self.side4(c4) + self.up(c5 if self.wrong("side_skipped") else p5)
        if self.wrong("act_before_add"):
            p3 = self.act(self.side3(c3)) + self.up(p4)
        elif self.wrong("act_missing"):
            p3 = self.side3(c3) + self.up(p4)
        elif self.wrong("other_level"):
            p3 = self.act(self.side3(c3) + self.up(self.side4(c4)))
        elif self.wrong("subtracted"):
            p3 = self.act(self.side3(c3) - self.up(p4))
        else:
            p3 = self.act(self.side3(c3) + self.up(p4))
        boxes = self.boxes(c3 if self.wrong("head_on_backbone") else p3)
        wide = F.softplus(boxes)
        if self.wrong("exp_for_softplus"):
            wide = torch.exp(boxes)
        scores = self.scores(p3)
        if self.wrong("flat_without_permute"):
            return wide.flatten(2).reshape(len(x), -1, 4), scores.flatten(2).permute(0, 2, 1)
        return wide.flatten(2).permute(0, 2, 1), scores.flatten(2).permute(0, 2, 1)

    def overlap(self, ours: Tensor, its: Tensor) -> Tensor:
        """Of boxes given as distances from one point to their left, top, right and bottom."""
        inside = torch.minimum(ours, its)
        shared = (inside[..., 0] + inside[..., 2]) * (inside[..., 1] + inside[..., 3])
        area = (ours[..., 0] + ours[..., 2]) * (ours[..., 1] + ours[..., 3])
        other = (its[..., 0] + its[..., 2]) * (its[..., 1] + its[..., 3])
        union = area + other - shared
        if self.wrong("union_counts_twice"):
            union = area + other
        eps = 0.0 if self.wrong("iou_eps_missing") else 0.01
        iou = shared / (union + eps)
        if self.wrong("plain_iou"):
            return iou
        outside = torch.minimum(ours, its) if self.wrong("hull_is_inside") else torch.maximum(ours, its)
        hull = (outside[..., 0] + outside[..., 2]) * (outside[..., 1] + outside[..., 3])
        return iou - (hull - union) / hull

    def losses(self, outputs: tuple[Tensor, Tensor], inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        boxes, scores = outputs
        goal, wanted = inputs["goal"], inputs["wanted"]
        count = float(len(boxes)) if self.wrong("divided_by_batch") else wanted.sum()
        iou = self.overlap(boxes, goal)
        share = torch.sigmoid(scores)
        plain = F.binary_cross_entropy_with_logits(
            share if self.wrong("probability_for_logit") else scores, wanted, reduction="none"
        )
        gamma = 1.5 if self.wrong("gamma") else 2.0
        gap = torch.abs(wanted - share)
        if self.wrong("gap_detached"):
            gap = gap.detach()
        alpha = 0.25 * wanted + 0.75 * (1 - wanted)
        focal = gap**gamma * plain
        if not self.wrong("alpha_missing"):
            focal = alpha * focal
        if self.wrong("alpha_exchanged"):
            focal = gap**gamma * plain * (0.75 * wanted + 0.25 * (1 - wanted))
        found = focal.mean() if self.wrong("focal_mean") else focal.sum() / count
        near = (1 - iou).mean()
        far = F.smooth_l1_loss(boxes, goal, beta=0.5 if self.wrong("beta") else 1.0)
        weight = 1.0 if self.wrong("weight_of_term") else 2.0
        return {"total": found + weight * near + far, "focal": found, "iou": near, "far": far}
