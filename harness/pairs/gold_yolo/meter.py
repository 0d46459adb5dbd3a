"""The average precision of a split, taken batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from harness.older_python import pairwise, strict_zip
from harness.pairs.base import Arrays, Meter
from harness.pairs.gold_yolo import coco
from harness.pairs.gold_yolo.config import CLASSES
from harness.pairs.gold_yolo.letterbox import Frame, whole
from harness.pairs.gold_yolo.metrics import class_precision, matched
from harness.pairs.gold_yolo.nms import EVALUATION, non_max_suppression

Floats = NDArray[np.float64]
_DIGITS = 3  # of a label's corners in pixels: what float32 shares of a frame lose is no size of an object
COCO = {"AP": 0, "AP50": 1, "AP75": 2, "AP small": 3, "AP medium": 4, "AP large": 5, "AR": 8}
"""The numbers of COCO's twelve that are reported. COCO gives -1 for a size that no object has."""


class PrecisionMeter(Meter):
    """Detections and labels of all pictures; a sample's figure is the share of its objects that are found.

    COCO's own numbers are added where pycocotools is installed.
    """

    figure = "share of objects found"
    protocol = (
        f"letterboxed squares; suppression at confidence {EVALUATION.conf_thres:g} and overlap "
        f"{EVALUATION.iou_thres:g}, as published; mAP, precision and recall as published; "
        "AP and AR by pycocotools, in pixels of the images themselves, which also decide sizes"
    )

    def __init__(self) -> None:
        self.detections: list[Floats] = []
        self.labels: list[Floats] = []
        self.frames: list[Frame] = []

    def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
        """Take a batch in; an object counts as found where as many surest detections as objects find it."""
        height, width = inputs["x"].shape[2:]
        found = [rows.astype(np.float64) for rows in non_max_suppression(outputs["0"], EVALUATION)]
        wanted = [
            _corners(inputs["targets"], place, np.array([width, height])) for place in range(len(found))
        ]
        frames = [Frame(*map(float, row)) for row in inputs.get("frames", ())]
        self.take(found, wanted, frames or [whole(height, width)] * len(found))
        return [_share(*pair) for pair in strict_zip(found, wanted)]

    def take(self, detections: list[Floats], labels: list[Floats], frames: list[Frame]) -> None:
        """Take in what was found (corners, score, class) and what is there (class, corners), by picture."""
        self.detections += detections
        self.labels += labels
        self.frames += frames

    def figures(self) -> dict[str, float]:
        """Average precision at an overlap of one half, and over all overlaps; then what else is published."""
        if not self.labels:
            return {}
        precision = class_precision(self.detections, self.labels)
        found = {"mAP50": precision.map50, "mAP50-95": precision.map50_95}
        if len(precision.classes):
            found["precision"] = float(precision.precision.mean())
            found["recall"] = float(precision.recall.mean())
        return {**found, **self._coco()}

    def _coco(self) -> dict[str, float]:
        if find_spec("pycocotools") is None or not any(map(len, self.labels)):
            return {}
        names = [str(number) for number in range(CLASSES)]
        sizes = [(round(frame.height), round(frame.width)) for frame in self.frames]
        labels = [
            np.concatenate((rows[:, :1], frame.original(rows[:, 1:]).round(_DIGITS)), axis=1)
            for rows, frame in strict_zip(self.labels, self.frames)
        ]
        found = {
            place: np.concatenate((frame.within(rows[:, :4]), rows[:, 4:]), axis=1)
            for place, (rows, frame) in enumerate(strict_zip(self.detections, self.frames))
        }
        measured = coco.measure(coco.as_annotations(labels, sizes, names), coco.results(found))
        return {name: measured[place] for name, place in COCO.items() if measured[place] >= 0}

    def kept(self) -> dict[str, list[float]]:
        """The rows of every picture, and how many each has."""
        return {
            "detections": _flat(self.detections),
            "labels": _flat(self.labels),
            "found": [float(len(rows)) for rows in self.detections],
            "wanted": [float(len(rows)) for rows in self.labels],
            "frames": [value for frame in self.frames for value in frame],
        }

    def take_up(self, kept: Mapping[str, list[float]]) -> None:
        """Go on from that."""
        self.detections = _split(kept["detections"], kept["found"], 6)
        self.labels = _split(kept["labels"], kept["wanted"], 5)
        self.frames = [Frame(*row) for row in np.reshape(kept["frames"], (-1, len(Frame._fields))).tolist()]
        if not len(self.detections) == len(self.labels) == len(self.frames):
            raise ValueError("as many detections, labels and frames as pictures are wanted")

    def steps(self) -> dict[str, float]:
        """One object of all."""
        objects = sum(map(len, self.labels))
        names = ("mAP50", "mAP50-95", "precision", "recall", *COCO)
        return dict.fromkeys(names, 1 / objects) if objects else {}

    def empty(self) -> str:
        """Pictures without an object, or without a detection."""
        if not any(map(len, self.labels)):
            return "no picture holds an object"
        return "" if any(map(len, self.detections)) else "there is no detection"


def _flat(rows: list[Floats]) -> list[float]:
    return [float(value) for one in rows for value in one.ravel()]


def _split(flat: list[float], counts: list[float], columns: int) -> list[Floats]:
    rows = np.array(flat, np.float64).reshape(-1, columns)
    ends = np.cumsum([0, *map(int, counts)])
    if ends[-1] != len(rows):
        raise ValueError(f"{len(rows)} rows, where {ends[-1]} were announced")
    return [rows[start:end] for start, end in pairwise(ends)]


def _corners(targets: NDArray[np.float32], image: int, size: NDArray[np.int64]) -> Floats:
    rows = targets[targets[:, 0] == image, 1:].astype(np.float64)
    centre, half = rows[:, 1:3] * size, rows[:, 3:] * size / 2
    return np.concatenate((rows[:, :1], centre - half, centre + half), axis=1)


def _share(found: Floats, wanted: Floats) -> float:
    if not len(wanted):
        return float(not len(found))
    return float(matched(found[: len(wanted)], wanted)[:, 0].sum() / len(wanted))
