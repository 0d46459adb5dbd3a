"""The metrics of a split of episodes, taken batch by batch, on labels of the network's size."""

from __future__ import annotations

import numpy as np

from harness.pairs.base import Arrays, Meter
from harness.pairs.cpanet.metrics import Scores, areas, cross_entropy


class EpisodeMeter(Meter):
    """Intersections and unions by class; a sample's figure is the defect's intersection over union."""

    figure = "IoU of the defect"
    protocol = (
        "episodes of the fold's list, labels at the network's size; mean over the classes, as published"
    )

    def __init__(self) -> None:
        self.found = self.wanted = 0
        self.scores = Scores()

    def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
        """Take a batch in."""
        figures = []
        positions = inputs.get("position", np.ones(len(inputs["y"]), np.int64))
        for logits, label, position in zip(outputs["logits"], inputs["y"], positions, strict=True):
            prediction = logits.argmax(0)
            self.found += int((prediction == 1).sum())
            self.wanted += int((label == 1).sum())
            found = areas(prediction, label)
            self.scores.add(found, int(position), cross_entropy(logits, label))
            figures.append(float(found.iou[1]))
        return figures

    def figures(self) -> dict[str, float]:
        """The mean over the classes first, as published."""
        if not self.scores.episodes:
            return {}
        return {"mIoU": self.scores.miou, "FB-IoU": self.scores.fb_iou, "mAcc": self.scores.mean_accuracy}

    def steps(self) -> dict[str, float]:
        """One pixel of the defects that are labelled or found, as these are the fewest."""
        pixels = self.found + self.wanted
        return dict.fromkeys(("mIoU", "FB-IoU", "mAcc"), 1 / pixels) if pixels else {}

    def empty(self) -> str:
        """Labels or predictions without a defect."""
        if not self.wanted:
            return "no label holds a defect"
        return "" if self.found else "every predicted mask is empty"
