"""The metrics of a split of episodes, taken batch by batch, on labels of the network's size."""

from __future__ import annotations

import numpy as np

from harness.pairs.base import Arrays, Meter
from harness.pairs.cpanet.metrics import Scores, areas, cross_entropy


class EpisodeMeter(Meter):
    """Intersections and unions by class; a sample's figure is the defect's intersection over union."""

    def __init__(self) -> None:
        self.scores = Scores()

    def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
        """Take a batch in."""
        figures = []
        positions = inputs.get("position", np.ones(len(inputs["y"]), np.int64))
        for logits, label, position in zip(outputs["logits"], inputs["y"], positions, strict=True):
            found = areas(logits.argmax(0), label)
            self.scores.add(found, int(position), cross_entropy(logits, label))
            figures.append(float(found.iou[1]))
        return figures

    def figures(self) -> dict[str, float]:
        """The mean over the classes first, as published."""
        if not self.scores.episodes:
            return {}
        return {"mIoU": self.scores.miou, "FB-IoU": self.scores.fb_iou, "mAcc": self.scores.mean_accuracy}
