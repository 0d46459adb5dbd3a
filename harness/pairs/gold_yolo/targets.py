"""Objects of a batch: from one list for all images to one row of boxes for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Targets:
    """For each image the same number of objects; those that fill up have the label -1 and an empty box."""

    labels: NDArray[np.int64]  # (B, G)
    boxes: NDArray[np.float64]  # (B, G, 4), corners in pixels

    @property
    def real(self) -> NDArray[np.bool_]:
        """Which objects count (B, G): those whose corners do not add up to nothing."""
        found: NDArray[np.bool_] = self.boxes.sum(axis=-1) > 0
        return found


def grouped(rows: NDArray[Any], batch: int, side: int) -> Targets:
    """Objects (image, class, centre x, centre y, width, height), in shares of `side`, by image."""
    image = rows[:, 0].astype(np.int64)
    counts = np.bincount(image, minlength=batch)
    order = np.argsort(image, kind="stable")
    image = image[order]
    place = np.arange(len(image)) - (np.cumsum(counts) - counts)[image]
    labels = np.full((batch, int(counts.max(initial=0))), -1, np.int64)
    boxes = np.zeros((*labels.shape, 4))
    labels[image, place] = rows[order, 1].astype(np.int64)
    scaled = rows[order, 2:].astype(np.float64) * side
    half = scaled[:, 2:] / 2
    boxes[image, place] = np.concatenate((scaled[:, :2] - half, scaled[:, :2] + half), axis=1)
    return Targets(labels, boxes)
