"""The average precision of a split, taken batch by batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.pairs.base import Arrays, Meter
from harness.pairs.gold_yolo.metrics import class_precision, matched
from harness.pairs.gold_yolo.nms import EVALUATION, non_max_suppression

Floats = NDArray[np.float64]


class PrecisionMeter(Meter):
    """Detections and labels of all pictures; a sample's figure is the share of its objects that are found."""

    figure = "share of objects found"
    protocol = (
        f"letterboxed squares; suppression at confidence {EVALUATION.conf_thres:g} and overlap "
        f"{EVALUATION.iou_thres:g}, as published; measured as the published code does itself"
    )

    def __init__(self) -> None:
        self.detections: list[Floats] = []
        self.labels: list[Floats] = []

    def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
        """Take a batch in; an object counts as found where as many surest detections as objects find it."""
        height, width = inputs["x"].shape[2:]
        found = [rows.astype(np.float64) for rows in non_max_suppression(outputs["0"], EVALUATION)]
        wanted = [
            _corners(inputs["targets"], place, np.array([width, height])) for place in range(len(found))
        ]
        self.detections += found
        self.labels += wanted
        return [_share(*pair) for pair in zip(found, wanted, strict=True)]

    def figures(self) -> dict[str, float]:
        """Average precision at an overlap of one half, and over all overlaps."""
        if not self.labels:
            return {}
        precision = class_precision(self.detections, self.labels)
        return {"mAP50": precision.map50, "mAP50-95": precision.map50_95}

    def steps(self) -> dict[str, float]:
        """One object of all."""
        objects = sum(map(len, self.labels))
        return dict.fromkeys(("mAP50", "mAP50-95"), 1 / objects) if objects else {}

    def empty(self) -> str:
        """Pictures without an object, or without a detection."""
        if not any(map(len, self.labels)):
            return "no picture holds an object"
        return "" if any(map(len, self.detections)) else "there is no detection"


def _corners(targets: NDArray[np.float32], image: int, size: NDArray[np.int64]) -> Floats:
    rows = targets[targets[:, 0] == image, 1:].astype(np.float64)
    centre, half = rows[:, 1:3] * size, rows[:, 3:] * size / 2
    return np.concatenate((rows[:, :1], centre - half, centre + half), axis=1)


def _share(found: Floats, wanted: Floats) -> float:
    if not len(wanted):
        return float(not len(found))
    return float(matched(found[: len(wanted)], wanted)[:, 0].sum() / len(wanted))
