"""A picture, its objects, and what was detected."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.pairs.base import Arrays
from harness.pairs.drawing import Box, Drawn, boxed, colours
from harness.pairs.gold_yolo.nms import Suppression, non_max_suppression

Floats = NDArray[Any]

MOST_BOXES = 20
SHOWN = Suppression(conf_thres=0.25, iou_thres=0.65)


def draw(outputs: Arrays, inputs: Arrays) -> Drawn:
    """Of a batch of one: boxes with class and score, of confidences above a quarter."""
    picture = colours(inputs["x"][0])
    size = np.array([picture.shape[1], picture.shape[0]])
    wanted = [Box(_corners(row[2:4] * size, row[4:6] * size), int(row[1])) for row in inputs["targets"]]
    return Drawn(picture, boxed(picture, wanted), boxed(picture, detections(outputs)))


def detections(outputs: Arrays, how: Suppression = SHOWN) -> list[Box]:
    """The surest boxes of a batch of one; what has not learned finds so many that nothing could be seen."""
    rows = non_max_suppression(outputs["0"], how)[0][:MOST_BOXES]
    return [Box((*map(float, row[:4]),), int(row[5]), float(row[4])) for row in rows]  # type: ignore[arg-type]


def _corners(centre: Floats, size: Floats) -> tuple[float, float, float, float]:
    (x1, y1), (x2, y2) = centre - size / 2, centre + size / 2
    return float(x1), float(y1), float(x2), float(y2)
