"""The published metrics of infrared small-target detection, their quirks included.

Each class counts over the images of a test set and takes its quotients at the end. They do not agree on
what a positive is: PixelAccuracy takes probabilities above one half, the others take what lies above half
of the image's own maximum, so an image without any confident pixel still has positives there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness.older_python import strict_zip
from harness.pairs.base import Arrays
from harness.pairs.l2sknet.regions import Region, label, regions

Image = NDArray[np.float32]

EPSILON = float(np.spacing(1.0))
THRESHOLD = 0.5
MATCH_DISTANCE = 3.0


def relative(image: Image) -> Image:
    """The image over its maximum; of an empty one nothing passes a threshold."""
    peak = image.max()
    return image / peak if peak else np.full_like(image, np.nan)


@dataclass
class PixelAccuracy:
    """Recall of the mask's pixels (`pix_acc`), and intersection over union (`iou`) of the foreground."""

    correct: int = 0
    labelled: int = 0
    intersection: int = 0
    union: int = 0

    def update(self, prediction: Image, mask: Image) -> None:
        """Count one image. A gray pixel of a mask is labelled, and never correct."""
        positive = prediction > THRESHOLD
        full = int((positive & (mask == 1)).sum())
        self.correct += full
        self.labelled += int((mask > 0).sum())
        self.intersection += full
        self.union += int(positive.sum()) + int(((mask >= 0.5) & (mask <= 1.5)).sum()) - full

    @property
    def pix_acc(self) -> float:
        """Taken in float32, as published."""
        return float(np.float32(self.correct) / np.float32(EPSILON + self.labelled))

    @property
    def iou(self) -> float:
        """What is published as mIoU."""
        return self.intersection / (EPSILON + self.union)


@dataclass
class FScore:
    """Pixel-wise precision and recall, and their harmonic mean."""

    hits: int = 0
    false_alarms: int = 0
    misses: int = 0

    def update(self, prediction: Image, mask: Image) -> None:
        """Count one image; the mask too is taken relative to its maximum."""
        positive = relative(prediction) > THRESHOLD
        full = relative(mask) >= 1
        hits = int((positive & full).sum())
        self.hits += hits
        self.false_alarms += int(positive.sum()) - hits
        self.misses += int(full.sum()) - hits

    @property
    def precision(self) -> float:
        """Share of the positives that are right."""
        return self.hits / (EPSILON + self.hits + self.false_alarms)

    @property
    def recall(self) -> float:
        """Share of the labels that are found."""
        return self.hits / (EPSILON + self.hits + self.misses)

    @property
    def f_score(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2.0 * self.precision * self.recall / (EPSILON + self.precision + self.recall)

    @property
    def iou(self) -> float:
        """Intersection over union by these counts."""
        return self.hits / (EPSILON + self.hits + self.false_alarms + self.misses)


@dataclass
class Detection:
    """Probability of detection and false-alarm rate, by whole regions."""

    targets: int = 0
    matched: int = 0
    false_pixels: int = 0
    pixels: int = 0

    def update(self, prediction: Image, mask: Image) -> None:
        """Count one image. An unmatched region as large as a matched one is no false alarm, as published."""
        left = regions(relative(prediction) > THRESHOLD)
        targets = regions(mask.astype(np.int64) > 0)
        areas = []
        for target in targets:
            match = next((found for found in left if _near(found, target)), None)
            if match is not None:
                left.remove(match)
                areas.append(match.area)
        self.targets += len(targets)
        self.matched += len(areas)
        self.false_pixels += sum(found.area for found in left if found.area not in areas)
        self.pixels += mask.size

    @property
    def probability(self) -> float:
        """Pd: matched targets over targets; without any target this divides by zero, as published."""
        return self.matched / self.targets

    @property
    def false_alarm_rate(self) -> float:
        """Fa: pixels of false alarms over all pixels."""
        return self.false_pixels / self.pixels


def _near(one: Region, other: Region) -> bool:
    return bool(np.hypot(one.row - other.row, one.column - other.column) < MATCH_DISTANCE)


@dataclass
class Roc:
    """Hits and false alarms at evenly spaced thresholds on the prediction over its maximum."""

    bins: int = 200
    background: int = 0
    targets: int = 0
    false_hits: NDArray[np.int64] = field(init=False)
    true_hits: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.false_hits = np.zeros(self.bins + 1, dtype=np.int64)
        self.true_hits = np.zeros(self.bins + 1, dtype=np.int64)

    def update(self, prediction: Image, mask: Image) -> None:
        """Count one image, which must hold a target."""
        labels, count = label(mask.astype(np.uint8) > 0)
        if not count:
            raise ValueError("the ROC curve needs at least one target in every image")
        scaled = relative(prediction)
        peaks = np.array([scaled[labels == number].max() for number in range(1, count + 1)])
        thresholds = (np.arange(self.bins + 1) / self.bins).astype(scaled.dtype)
        self.false_hits += _reached(scaled[labels == 0], thresholds)
        self.true_hits += _reached(peaks, thresholds)
        self.background += int((labels == 0).sum())
        self.targets += count

    @property
    def false_rate(self) -> NDArray[np.float64]:
        """Share of the background hit, by threshold."""
        return self.false_hits / self.background

    @property
    def true_rate(self) -> NDArray[np.float64]:
        """Share of the targets hit, by threshold."""
        return self.true_hits / self.targets

    @property
    def area(self) -> float:
        """Area under the curve by the trapezoidal rule."""
        heights = (self.true_rate[1:] + self.true_rate[:-1]) / 2.0
        return float(-np.sum(np.diff(self.false_rate) * heights))


def _reached(values: NDArray[np.float32], thresholds: NDArray[np.float32]) -> NDArray[np.int64]:
    known = np.sort(values[~np.isnan(values)])
    return known.size - np.searchsorted(known, thresholds, side="left")


def evaluate(outputs: Arrays, inputs: Arrays) -> dict[str, float]:
    """The metrics of a batch; Pd is left out where no mask holds a target."""
    (predictions,) = outputs.values()
    pixels, score, detection = PixelAccuracy(), FScore(), Detection()
    for prediction, mask in strict_zip(predictions[:, 0], inputs["mask"][:, 0]):
        for metric in (pixels, score, detection):
            metric.update(prediction, mask)
    found = {
        "mIoU": pixels.iou,
        "pixAcc": pixels.pix_acc,
        "F": score.f_score,
        "Fa": detection.false_alarm_rate,
    }
    return {**found, **({"Pd": detection.probability} if detection.targets else {})}
