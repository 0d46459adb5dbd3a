"""A query, its defect, and what was found of it."""

from __future__ import annotations

import numpy as np

from harness.pairs.base import Arrays
from harness.pairs.cpanet.resizing import resize_bilinear
from harness.pairs.cpanet.transforms import MEAN, STD
from harness.pairs.drawing import HIT, Drawn, colours, judged_mask, marked


def draw(outputs: Arrays, inputs: Arrays) -> Drawn:
    """Of a batch of one, at the network's size: hits green, misses red, false alarms blue."""
    mean, std = (np.array(values)[:, None, None] / 255 for values in (MEAN, STD))
    picture, label = colours(inputs["x"][0] * std + mean), inputs["y"][0] == 1
    logits = resize_bilinear(outputs["logits"][0], label.shape)
    found = judged_mask(picture, logits.argmax(0) == 1, label)
    return Drawn(picture, marked(picture, label, HIT), found, logits[1] - logits[0])
