"""The metrics of a split of infrared scenes, taken batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple

from harness.older_python import strict_zip
from harness.pairs.base import Arrays, Meter
from harness.pairs.l2sknet.metrics import THRESHOLD, Detection, FScore, PixelAccuracy


class SceneMeter(Meter):
    """The published metrics over all scenes; a sample's figure is its own intersection over union."""

    figure = "IoU"
    protocol = (
        "images as they are; mIoU and pixAcc of probabilities above 0.5; F, Pd and Fa of what lies above "
        "half of the image's own maximum, as published"
    )

    def __init__(self) -> None:
        self.positive = 0
        self.pixels, self.score, self.detection = PixelAccuracy(), FScore(), Detection()

    def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
        """Take a batch in."""
        (predictions,) = outputs.values()
        figures = []
        for prediction, mask in strict_zip(predictions[:, 0], inputs["mask"][:, 0]):
            for metric in (self.pixels, self.score, self.detection):
                metric.update(prediction, mask)
            self.positive += int((prediction > THRESHOLD).sum())
            alone = PixelAccuracy()
            alone.update(prediction, mask)
            figures.append(alone.iou if alone.union else 1.0)
        return figures

    def figures(self) -> dict[str, float]:
        """mIoU first; Pd and Fa where there is a target."""
        found = {"mIoU": self.pixels.iou, "pixAcc": self.pixels.pix_acc, "F": self.score.f_score}
        if self.detection.targets:
            found.update({"Pd": self.detection.probability, "Fa": self.detection.false_alarm_rate})
        return found

    def kept(self) -> dict[str, list[float]]:
        """The counts of each metric."""
        counted = {
            "pixels": astuple(self.pixels),
            "score": astuple(self.score),
            "detection": astuple(self.detection),
        }
        return {"positive": [self.positive], **{name: [*map(float, one)] for name, one in counted.items()}}

    def take_up(self, kept: Mapping[str, list[float]]) -> None:
        """Go on from that."""
        counts = {name: [int(value) for value in values] for name, values in kept.items()}
        (self.positive,) = counts["positive"]
        self.pixels, self.score = PixelAccuracy(*counts["pixels"]), FScore(*counts["score"])
        self.detection = Detection(*counts["detection"])

    def steps(self) -> dict[str, float]:
        """One pixel of the union or of the labels, one target, one pixel of all."""
        score = self.score
        counts = {
            "mIoU": self.pixels.union,
            "pixAcc": self.pixels.labelled,
            "F": score.hits + score.false_alarms + score.misses,
            "Pd": self.detection.targets,
            "Fa": self.detection.pixels,
        }
        return {name: 1 / count for name, count in counts.items() if count}

    def empty(self) -> str:
        """Masks without a target, or predictions without a pixel."""
        if not self.detection.targets:
            return "no mask holds a target"
        return "" if self.positive else "no pixel is above 0.5: every predicted mask is empty"
