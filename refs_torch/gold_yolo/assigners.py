"""Which anchor answers for which object: by how well it predicts it, or by where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.older_python import strict_zip
from refs_torch.gold_yolo.iou import pairwise_iou

INSIDE = 1e-9


@dataclass(frozen=True)
class Assigned:
    """For each anchor its label (B, A), box (B, A, 4), wanted probabilities (B, A, C), and if it has any."""

    labels: Tensor
    boxes: Tensor
    scores: Tensor
    positive: Tensor


@dataclass(frozen=True)
class Objects:
    """Labels (B, G) with -1 for none, boxes (B, G, 4) as corners in pixels, and which are real (B, G)."""

    labels: Tensor
    boxes: Tensor
    real: Tensor


def one_hot(labels: Tensor, classes: int, like: Tensor) -> Tensor:
    """Rows of zeros with a one, in the precision of another tensor; what is no class gives zeros alone."""
    return (labels[..., None] == torch.arange(classes, device=labels.device)).to(like.dtype)


def inside(points: Tensor, boxes: Tensor) -> Tensor:
    """Whether points (A, 2) lie strictly within boxes (B, G, 4): (B, G, A)."""
    low = points - boxes[..., None, :2]
    high = boxes[..., None, 2:] - points
    return torch.cat((low, high), dim=-1).amin(dim=-1) > INSIDE


def best_places(values: Tensor, count: int, real: Tensor, largest: bool = True) -> tuple[Tensor, Tensor]:
    """A mask of each real object's `count` best anchors, and their places."""
    places = values.topk(count, dim=-1, largest=largest).indices
    mask = torch.zeros_like(values).scatter_(-1, places, 1.0)
    return mask * real[..., None], places


def one_object_each(chosen: Tensor, overlaps: Tensor) -> tuple[Tensor, Tensor]:
    """An anchor chosen by several objects goes to the one it overlaps most of all objects."""
    closest = one_hot(overlaps.argmax(dim=1), overlaps.shape[1], chosen).permute(0, 2, 1)
    chosen = torch.where((chosen.sum(dim=1) > 1)[:, None], closest, chosen)
    return chosen, chosen.argmax(dim=1)


def take_boxes(boxes: Tensor, places: Tensor) -> Tensor:
    """The box of each anchor's object."""
    return boxes.gather(1, places[..., None].expand(-1, -1, 4))


class TaskAligned:
    """The anchors that predict an object best: its class by probability, its box by overlap."""

    def __init__(self, topk: int = 13, classes: int = 80, alpha: float = 1.0, beta: float = 6.0) -> None:
        self.topk, self.classes, self.alpha, self.beta, self.eps = topk, classes, alpha, beta, 1e-9

    def __call__(self, scores: Tensor, boxes: Tensor, points: Tensor, objects: Objects) -> Assigned:
        """From probabilities (B, A, C), boxes (B, A, 4) and points (A, 2), the last two in pixels."""
        if points.shape[0] < self.topk:
            raise ValueError(
                f"{points.shape[0]} cells are too few to choose {self.topk} from; use larger images"
            )
        overlaps, metric = self.measure(scores, boxes, objects)
        within = inside(points, objects.boxes).to(metric.dtype)
        best, _ = best_places(metric * within, self.topk, objects.real)
        chosen, place = one_object_each(best * within, overlaps)
        labels = objects.labels.gather(1, place).clamp(min=0)
        positive = chosen.sum(dim=1) > 0
        metric, overlaps = metric * chosen, overlaps * chosen
        scale = overlaps.amax(dim=-1, keepdim=True) / (metric.amax(dim=-1, keepdim=True) + self.eps)
        quality = (metric * scale).amax(dim=1)
        wanted = one_hot(labels, self.classes, quality) * (quality * positive)[..., None]
        return Assigned(labels, take_boxes(objects.boxes, place), wanted, positive)

    def measure(self, scores: Tensor, boxes: Tensor, objects: Objects) -> tuple[Tensor, Tensor]:
        """Overlap and metric of each object with each anchor (B, G, A)."""
        overlaps = pairwise_iou(objects.boxes, boxes)
        labels = (objects.labels % self.classes)[..., None].expand(-1, -1, scores.shape[1])
        return overlaps, scores.permute(0, 2, 1).gather(1, labels) ** self.alpha * overlaps**self.beta


class Adaptive:
    """The nearest anchors of each level that overlap an object more than is usual among them."""

    def __init__(self, topk: int = 9, classes: int = 80) -> None:
        self.topk, self.classes = topk, classes

    def __call__(self, anchors: Tensor, counts: Sequence[int], boxes: Tensor, objects: Objects) -> Assigned:
        """From anchor boxes (A, 4), levels of `counts` anchors, and predicted boxes (B, A, 4), in pixels."""
        if min(counts) < self.topk:
            raise ValueError(
                f"a level of {min(counts)} cells is too small to choose {self.topk} from; use larger images"
            )
        overlaps = pairwise_iou(objects.boxes, anchors, eps=1e-6, floor=True)
        points = (anchors[:, :2] + anchors[:, 2:]) / 2
        candidates, places = self.nearest(points, counts, objects, overlaps)
        enough = overlaps * candidates > self.threshold(overlaps, candidates, places)
        within = inside(points, objects.boxes)
        chosen, place = one_object_each(candidates * enough * within, overlaps)
        positive = chosen.sum(dim=1) > 0
        labels = torch.where(positive, objects.labels.gather(1, place), self.classes)
        quality = (pairwise_iou(objects.boxes, boxes) * chosen).amax(dim=1)
        wanted = one_hot(labels, self.classes, boxes) * quality.to(boxes.dtype)[..., None]
        return Assigned(labels, take_boxes(objects.boxes, place), wanted, positive)

    def nearest(
        self, points: Tensor, counts: Sequence[int], objects: Objects, overlaps: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Candidates of each object: a mask, and their places level by level."""
        centres = (objects.boxes[..., :2] + objects.boxes[..., 2:]) / 2
        distances = (centres[..., None, :] - points).pow(2).sum(dim=-1).sqrt()
        masks, places, start = [], [], 0
        for level, count in strict_zip(distances.split(list(counts), dim=-1), counts):
            mask, place = best_places(level, self.topk, objects.real, largest=False)
            masks.append(mask)
            places.append(place + start)
            start += count
        return torch.cat(masks, dim=-1).to(overlaps.dtype), torch.cat(places, dim=-1)

    def threshold(self, overlaps: Tensor, candidates: Tensor, places: Tensor) -> Tensor:
        """Mean and standard deviation of the candidates' overlaps, added (B, G, 1)."""
        found = (overlaps * candidates).gather(-1, places)
        return found.mean(dim=-1, keepdim=True) + found.std(dim=-1, keepdim=True)
