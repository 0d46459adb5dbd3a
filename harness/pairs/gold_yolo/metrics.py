"""Precision, recall and average precision of detections, as the published code's own metric has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.older_python import strict_zip
from harness.pairs.base import Arrays
from harness.pairs.gold_yolo.nms import EVALUATION, non_max_suppression

Floats = NDArray[np.float64]

LEVELS = np.linspace(0.5, 0.95, 10)  # overlaps that count as found
CONFIDENCES = 1000
TINY = 1e-16


@dataclass(frozen=True, eq=False)
class ClassPrecision:
    """By class that occurs: average precision at each level; precision and recall where F1 is best."""

    classes: NDArray[np.int64]
    average: Floats
    precision: Floats
    recall: Floats
    best: int

    @property
    def map50(self) -> float:
        """The mean over the classes at an overlap of one half."""
        return float(self.average[:, 0].mean()) if len(self.average) else 0.0

    @property
    def map50_95(self) -> float:
        """The mean over classes and levels."""
        return float(self.average.mean()) if len(self.average) else 0.0


def box_iou(one: Floats, other: Floats) -> Floats:
    """Overlaps of corners (N, 4) with corners (M, 4)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    inter = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, other)]
    found: Floats = inter / (areas[0][:, None] + areas[1] - inter)
    return found


def matched(detections: Floats, labels: Floats) -> NDArray[np.bool_]:
    """Which detections (corners, score, class) find a label (class, corners), at each level.

    Of several detections of a label the first counts, not the one that overlaps most, as published.
    """
    correct = np.zeros((len(detections), len(LEVELS)), bool)
    if not len(detections) or not len(labels):
        return correct
    overlaps = box_iou(labels[:, 1:], detections[:, :4])
    same = labels[:, :1] == detections[:, 5]
    for place, level in enumerate(LEVELS):
        label, detection = np.nonzero((overlaps >= level) & same)
        order = np.argsort(-overlaps[label, detection], kind="stable")
        label, detection = label[order], detection[order]
        found, first = np.unique(detection, return_index=True)
        _, kept = np.unique(label[first], return_index=True)
        correct[found[kept], place] = True
    return correct


def class_precision(detections: Sequence[Floats], labels: Sequence[Floats]) -> ClassPrecision:
    """Over all images, given in the same order."""
    correct = np.concatenate([matched(*pair) for pair in strict_zip(detections, labels)])
    rows = np.concatenate([np.reshape(image, (-1, 6)) for image in detections])
    order = np.argsort(-rows[:, 4], kind="stable")
    correct, score, label = correct[order], rows[order, 4], rows[order, 5]
    wanted = np.concatenate([np.reshape(image, (-1, 5))[:, 0] for image in labels])
    classes, counts = np.unique(wanted, return_counts=True)
    grid = np.linspace(0, 1, CONFIDENCES)
    precision, recall = np.zeros((2, len(classes), CONFIDENCES))
    average = np.zeros((len(classes), len(LEVELS)))
    for place, (kind, count) in enumerate(strict_zip(classes, counts)):
        own = label == kind
        if not own.any():
            continue
        hits, misses = correct[own].cumsum(axis=0), (~correct[own]).cumsum(axis=0)
        recalls, precisions = hits / (count + TINY), hits / (hits + misses)
        recall[place] = np.interp(-grid, -score[own], recalls[:, 0], left=0)
        precision[place] = np.interp(-grid, -score[own], precisions[:, 0], left=1)
        average[place] = [
            average_precision(recalls[:, level], precisions[:, level]) for level in range(len(LEVELS))
        ]
    best = _best(precision, recall)
    return ClassPrecision(classes.astype(np.int64), average, precision[:, best], recall[:, best], best)


def _best(precision: Floats, recall: Floats) -> int:
    """The last place where the mean of F1 over the classes is greatest."""
    if not len(precision):
        return 0
    f1 = (2 * precision * recall / (precision + recall + TINY)).mean(axis=0)
    return len(f1) - 1 - int(np.argmax(f1[::-1]))


def average_precision(recall: Floats, precision: Floats) -> float:
    """The area under the falling envelope of precision, over 101 recalls."""
    recall = np.concatenate(([0.0], recall, [recall[-1] + 0.01]))
    precision = np.concatenate(([1.0], precision, [0.0]))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    heights = np.interp(np.linspace(0, 1, 101), recall, envelope)
    return float(np.sum((heights[1:] + heights[:-1]) / 2) / 100)


def evaluate(outputs: Arrays, inputs: Arrays) -> dict[str, float]:
    """How many detections an evaluated batch gives, how sure they are and where they lie."""
    detections = non_max_suppression(outputs["0"], EVALUATION)
    rows = np.concatenate(detections).astype(np.float64)
    found = {"detections": float(len(rows))}
    if len(rows):
        found.update({"score": float(rows[:, 4].mean()), "side": float(np.abs(rows[:, :4]).mean())})
    return found
