"""The metrics of a split of episodes, taken batch by batch, on raw labels where there are any."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.older_python import strict_zip
from harness.pairs.base import Arrays, Meter
from harness.pairs.cpanet.metrics import CLASSES, SLOTS, Areas, Average, Scores, judge


class EpisodeMeter(Meter):
    """Intersections and unions by class; a sample's figure is the defect's intersection over union."""

    figure = "IoU of the defect"
    protocol = "episodes of the fold's list, raw labels, to whose size logits are enlarged; mean over classes"

    def __init__(self) -> None:
        self.found = self.wanted = 0
        self.scores = Scores()

    def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
        """Take a batch in."""
        figures = []
        labels = inputs.get("raw", inputs["y"])
        positions = inputs.get("position", np.ones(len(labels), np.int64))
        for logits, label, position in strict_zip(outputs["logits"], labels, positions):
            found, loss = judge(logits, label)
            self.found += int(found.union[1] + found.intersection[1] - found.target[1])
            self.wanted += int(found.target[1])
            self.scores.add(found, int(position), loss)
            figures.append(float(found.iou[1]))
        return figures

    def figures(self) -> dict[str, float]:
        """The mean over the classes first, as published."""
        if not self.scores.episodes:
            return {}
        return {"mIoU": self.scores.miou, "FB-IoU": self.scores.fb_iou, "mAcc": self.scores.mean_accuracy}

    def kept(self) -> dict[str, list[float]]:
        """The counts of pixels, and the loss."""
        scores = self.scores
        counted = [scores.pooled, *scores.slots]
        areas = np.array([[one.intersection, one.union, one.target] for one in counted]).ravel()
        loss = scores.loss
        return {
            "areas": [float(value) for value in areas],
            "loss": [loss.value, loss.total, loss.count],
            "counts": [self.found, self.wanted, scores.episodes],
        }

    def take_up(self, kept: Mapping[str, list[float]]) -> None:
        """Go on from that."""
        pooled, *slots = (
            Areas(*one) for one in np.array(kept["areas"], np.int64).reshape(1 + SLOTS, 3, CLASSES)
        )
        value, total, count = kept["loss"]
        self.found, self.wanted, episodes = map(int, kept["counts"])
        self.scores = Scores(Average(value, total, int(count)), pooled, slots, episodes)

    def steps(self) -> dict[str, float]:
        """One pixel of the defects that are labelled or found, as these are the fewest."""
        pixels = self.found + self.wanted
        return dict.fromkeys(("mIoU", "FB-IoU", "mAcc"), 1 / pixels) if pixels else {}

    def empty(self) -> str:
        """Labels or predictions without a defect."""
        if not self.wanted:
            return "no label holds a defect"
        return "" if self.found else "every predicted mask is empty"
