"""The metrics of a split of infrared scenes, taken batch by batch."""

from __future__ import annotations

from harness.pairs.base import Arrays, Meter
from harness.pairs.l2sknet.metrics import Detection, FScore, PixelAccuracy


class SceneMeter(Meter):
    """The published metrics over all scenes; a sample's figure is its own intersection over union."""

    def __init__(self) -> None:
        self.pixels, self.score, self.detection = PixelAccuracy(), FScore(), Detection()

    def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
        """Take a batch in."""
        (predictions,) = outputs.values()
        figures = []
        for prediction, mask in zip(predictions[:, 0], inputs["mask"][:, 0], strict=True):
            for metric in (self.pixels, self.score, self.detection):
                metric.update(prediction, mask)
            alone = PixelAccuracy()
            alone.update(prediction, mask)
            figures.append(alone.iou if alone.union else 1.0)
        return figures

    def figures(self) -> dict[str, float]:
        """mIoU first; Pd and Fa where there is a target."""
        found = {"mIoU": self.pixels.iou, "pixAcc": self.pixels.pix_acc, "F": self.score.f_score}
        if self.detection.targets:
            found |= {"Pd": self.detection.probability, "Fa": self.detection.false_alarm_rate}
        return found
