"""From what the network gives to detections: confident boxes, the best of those that overlap."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FAR = 4096.0  # apart are boxes of two classes moved, so that they do not overlap
MOST = 30000  # candidates an image
SECONDS = 10.0  # after which the images that are left get no detections


@dataclass(frozen=True)
class Suppression:
    """The published arguments; the defaults are the published function's own."""

    conf_thres: float = 0.25
    iou_thres: float = 0.45
    classes: Sequence[int] | None = None
    agnostic: bool = False
    multi_label: bool = False
    max_det: int = 300


EVALUATION = Suppression(conf_thres=0.03, iou_thres=0.65, multi_label=True)
INFERENCE = Suppression(conf_thres=0.4, iou_thres=0.45, max_det=1000)


def non_max_suppression(outputs: Floats, how: Suppression = Suppression()) -> list[Floats]:
    """For each image (A, 5 + C) its detections: corners, score, class; the best first."""
    for name, value in (("conf_thres", how.conf_thres), ("iou_thres", how.iou_thres)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}; it must lie between 0 and 1")
    started = time.monotonic()
    found = [np.zeros((0, 6), np.float32) for _ in outputs]
    for place, image in enumerate(outputs):
        found[place] = _of_image(image, how)
        if time.monotonic() - started > SECONDS:
            break
    return found


def _of_image(image: Floats, how: Suppression) -> Floats:
    candidates = _candidates(image, how)
    if how.classes is not None:
        candidates = candidates[np.isin(candidates[:, 5], how.classes)]
    best = np.argsort(-candidates[:, 4], kind="stable")[:MOST]
    candidates = candidates[best]
    apart = candidates[:, 5:6] * np.float32(0 if how.agnostic else FAR)
    kept: Floats = candidates[greedy(candidates[:, :4] + apart, how.iou_thres, how.max_det)]
    return kept


def _candidates(image: Floats, how: Suppression) -> Floats:
    """One row for each confident box, or for each confident class of each box."""
    image = image[(image[:, 4] > how.conf_thres) & (image[:, 5:].max(axis=1) > how.conf_thres)]
    scores = image[:, 5:] * image[:, 4:5]
    half = image[:, 2:4] / 2
    boxes = np.concatenate((image[:, :2] - half, image[:, :2] + half), axis=1)
    if how.multi_label and scores.shape[1] > 1:
        row, label = np.nonzero(scores > how.conf_thres)
    else:
        row, label = np.arange(len(image)), scores.argmax(axis=1)
    score = scores[row, label]
    sure = score > how.conf_thres
    rows = np.concatenate((boxes[row], score[:, None], label[:, None].astype(np.float32)), axis=1)
    found: Floats = rows[sure].astype(np.float32)
    return found


def greedy(boxes: Floats, threshold: float, most: int) -> NDArray[np.int64]:
    """The places of boxes, which come best first, that overlap none kept before by more than `threshold`."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left = np.arange(len(boxes))
    kept: list[int] = []
    while len(left) and len(kept) < most:
        first, left = left[0], left[1:]
        kept.append(int(first))
        low = np.maximum(boxes[first, :2], boxes[left, :2])
        high = np.minimum(boxes[first, 2:], boxes[left, 2:])
        overlap = np.prod(np.maximum(high - low, 0), axis=1).astype(np.float64)
        union = areas[first] + areas[left] - overlap
        with np.errstate(invalid="ignore"):
            left = left[~(overlap / union > threshold)]
    return np.array(kept, np.int64)
