"""A scene, its targets, and what was found of them."""

from __future__ import annotations

from harness.pairs.base import Arrays
from harness.pairs.drawing import HIT, Drawn, gray, judged_mask, marked
from harness.pairs.l2sknet.metrics import THRESHOLD


def draw(outputs: Arrays, inputs: Arrays) -> Drawn:
    """Of a batch of one: hits green, misses red, false alarms blue, of probabilities above one half."""
    (predictions,) = outputs.values()
    prediction, mask = predictions[0, 0], inputs["mask"][0, 0] > 0
    picture = gray(inputs["image"][0, 0])
    return Drawn(
        picture, marked(picture, mask, HIT), judged_mask(picture, prediction > THRESHOLD, mask), prediction
    )
