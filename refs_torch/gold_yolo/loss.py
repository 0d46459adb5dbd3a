"""The loss: how far probabilities and boxes are from those of the objects assigned to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from harness.pairs.gold_yolo.config import ANCHORS, Config
from harness.pairs.gold_yolo.grid import Grid, grid
from harness.pairs.gold_yolo.targets import grouped
from refs_torch.gold_yolo.anchors import bbox2dist, dist2bbox, tensor_like
from refs_torch.gold_yolo.assigners import Adaptive, Assigned, Objects, TaskAligned, one_hot
from refs_torch.gold_yolo.iou import iou_loss

CLASS_WEIGHT, IOU_WEIGHT, DFL_WEIGHT = 1.0, 2.5, 0.5
CELL_ANCHORS = len(ANCHORS[0]) // 2


def varifocal(scores: Tensor, wanted: Tensor, labels: Tensor) -> Tensor:
    """The cross entropy of probabilities: positives weigh as wanted, negatives as wrong as they are."""
    weight = 0.75 * scores**2 * (1 - labels) + wanted * labels
    single = torch.promote_types(torch.float32, scores.dtype)
    entropy = functional.binary_cross_entropy(scores.to(single), wanted.to(single), reduction="none")
    return (entropy * weight).sum()


def distribution_focal(logits: Tensor, distance: Tensor) -> Tensor:
    """The mean over the sides (..., 4) of the cross entropy with the two bins around each distance."""
    below = distance.long()
    above_share = distance - below
    flat = logits.reshape(-1, logits.shape[-1])
    lower, upper = (
        functional.cross_entropy(flat, bins.reshape(-1), reduction="none").reshape(below.shape)
        for bins in (below, below + 1)
    )
    return (lower * (1 - above_share) + upper * above_share).mean(dim=-1, keepdim=True)


class DetectionLoss:
    """The loss of a network's training output; the first epochs may assign by place.

    A head with an anchor-based branch beside the other gives that branch's tensors first; its loss is added.
    """

    def __init__(self, config: Config, topk: int = 13) -> None:
        self.config = config
        self.classes, self.reg_max, self.iou_type = config.classes, config.reg_max, config.iou_type
        self.warmup_epoch = config.warmup_epoch
        self.by_prediction = TaskAligned(topk, classes=config.classes)
        self.by_place = Adaptive(classes=config.classes)

    def __call__(
        self, found: Sequence[Tensor], targets: Tensor, size: tuple[int, int], epoch: int = 0
    ) -> dict[str, Tensor]:
        """The total and its weighted parts, from what the head gives in training."""
        self.config.require_loss()
        features, *branches = found
        cells = grid(tuple((int(x.shape[-2]), int(x.shape[-1])) for x in features))
        objects = self.objects(targets, branches[0], self.config.ori_img_size or max(size))
        parts = self.of_branch(branches[-2], branches[-1], cells, objects, epoch)
        if self.config.head != "fuse_ab":
            return parts
        beside = AnchorBased(self.config)
        more = beside.of_branch(branches[0], branches[1], cells.repeated(CELL_ANCHORS), objects, epoch)
        return {name: part + more[name] for name, part in parts.items()}

    def objects(self, targets: Tensor, like: Tensor, side: int) -> Objects:
        """Targets by image, in double precision as the published code has them."""
        rows = grouped(targets.detach().cpu().numpy(), like.shape[0], side)
        labels, boxes, real = (
            torch.from_numpy(array).to(like.device) for array in (rows.labels, rows.boxes, rows.real)
        )
        return Objects(labels, boxes, real)

    def of_branch(
        self, scores: Tensor, distribution: Tensor, cells: Grid, objects: Objects, epoch: int
    ) -> dict[str, Tensor]:
        """The loss of probabilities (B, A, C) and of what boxes are made of (B, A, 4 or 4 * bins)."""
        points, strides = (tensor_like(array, scores) for array in (cells.points, cells.strides))
        boxes = self.boxes(distribution, points)
        assigned = self.assign(scores, boxes * strides, cells, objects, epoch)
        known = one_hot(assigned.labels, self.classes, scores) * assigned.positive[..., None]
        wanted = assigned.scores
        total = wanted.sum()
        classes = varifocal(scores, wanted, known)
        classes = classes / total if total > 0 else classes
        unit = total if total > 0 else torch.ones_like(total)
        overlap, bins = self.of_boxes(distribution, boxes, points, assigned, strides, unit)
        parts = {
            "iou": IOU_WEIGHT * overlap,
            "dfl": DFL_WEIGHT * bins,
            "cls": CLASS_WEIGHT * classes,
        }
        return {"total": parts["cls"] + parts["iou"] + parts["dfl"], **parts}

    def boxes(self, distribution: Tensor, points: Tensor) -> Tensor:
        """Boxes as corners in cells (B, A, 4)."""
        return dist2bbox(self.distances(distribution), points)

    def distances(self, distribution: Tensor) -> Tensor:
        """The distances of the four sides in cells (B, A, 4)."""
        if not self.reg_max:
            return distribution
        batch, cells, _ = distribution.shape
        bins = torch.arange(self.reg_max + 1, device=distribution.device).to(distribution)
        return distribution.reshape(batch, cells, 4, self.reg_max + 1).softmax(dim=-1).matmul(bins)

    def assign(self, scores: Tensor, boxes: Tensor, cells: Grid, objects: Objects, epoch: int) -> Assigned:
        """Which cells answer for which objects."""
        scores, boxes = scores.detach(), boxes.detach()
        if not objects.labels.shape[1]:
            return nothing(scores, boxes, self.classes)
        if epoch < self.warmup_epoch:
            return self.by_place(tensor_like(cells.boxes, boxes), cells.counts, boxes, objects)
        return self.by_prediction(scores, boxes, tensor_like(cells.pixels, boxes), objects)

    def of_boxes(
        self,
        distribution: Tensor,
        boxes: Tensor,
        points: Tensor,
        assigned: Assigned,
        strides: Tensor,
        unit: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """The losses of overlap and of bins over the positive cells, per unit of wanted probability."""
        none = distribution.sum() * 0
        chosen = assigned.positive
        if not chosen.any():
            return none, none
        wanted = (assigned.boxes / strides)[chosen]
        weight = assigned.scores.sum(dim=-1)[chosen]
        overlap = (iou_loss(boxes[chosen], wanted, self.iou_type) * weight).sum() / unit
        if not self.reg_max:
            return overlap, none
        where = points.expand_as(boxes[..., :2])[chosen]
        logits = distribution[chosen].reshape(-1, 4, self.reg_max + 1)
        bins = distribution_focal(logits, bbox2dist(where, wanted, self.reg_max))
        return overlap, (bins[:, 0] * weight).sum() / unit


class AnchorBased(DetectionLoss):
    """The loss of the branch that predicts, for each anchor of a cell, a centre and a size in cells."""

    def __init__(self, config: Config, topk: int = 26) -> None:
        super().__init__(replace(config, reg_max=0, warmup_epoch=0), topk)

    def boxes(self, distribution: Tensor, points: Tensor) -> Tensor:
        """Centres count from the middle of their cells."""
        centre, half = distribution[..., :2] + points, distribution[..., 2:] / 2
        return torch.cat((centre - half, centre + half), dim=-1)


def nothing(scores: Tensor, boxes: Tensor, classes: int) -> Assigned:
    """No cell answers for anything: there are no objects."""
    labels = torch.full(scores.shape[:2], classes, dtype=torch.int64, device=scores.device)
    return Assigned(labels, torch.zeros_like(boxes), torch.zeros_like(scores), torch.zeros_like(labels) > 0)
