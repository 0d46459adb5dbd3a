"""Connected regions of a binary image: 8-connected, in the raster order of their first pixels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Region:
    """A connected region: how many pixels it has, and its centroid."""

    area: int
    row: float
    column: float


def label(image: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    """A map that numbers the regions from 1, with 0 for the background; and how many there are."""
    height, width = image.shape
    nowhere = (height + 2) * (width + 2)
    inside = np.pad(image, 1)
    # `root[i]` is a pixel of i's region that comes no later; the last entry stands for the background.
    root = np.append(np.where(inside.ravel(), np.arange(nowhere), nowhere), nowhere)
    own = np.flatnonzero(inside)
    steps = [row * (width + 2) + column for row, column in product((-1, 0, 1), repeat=2)]
    while True:
        nearest = np.min([root[own + step] for step in steps], axis=0)
        if np.array_equal(nearest, root[own]):
            break
        np.minimum.at(root, root[own], nearest)
        root[own] = root[root[own]]
    numbers = np.zeros(nowhere, dtype=np.int64)
    firsts, numbers[own] = np.unique(root[own], return_inverse=True)
    numbers[own] += 1
    return numbers.reshape(inside.shape)[1:-1, 1:-1], firsts.size


def regions(image: NDArray[np.bool_]) -> list[Region]:
    """Area and centroid of every region."""
    labels, count = label(image)
    rows, columns = np.nonzero(labels)
    owner = labels[rows, columns]
    areas = np.bincount(owner, minlength=count + 1)[1:]
    row = np.bincount(owner, rows, count + 1)[1:] / areas
    column = np.bincount(owner, columns, count + 1)[1:] / areas
    return [Region(int(a), float(r), float(c)) for a, r, c in zip(areas, row, column, strict=True)]
