"""Connected regions of a binary image: 8-connected, in the raster order of their first pixels.

Rows are cut into runs of neighbouring pixels, and runs that touch are joined: of a mask that is noise a
quarter of the pixels begin a run, and all steps are over runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.older_python import strict_zip

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Region:
    """A connected region: how many pixels it has, and its centroid."""

    area: int
    row: float
    column: float


@dataclass(frozen=True)
class _Runs:
    """The runs of an image in raster order: their row, first column, and the column after the last."""

    row: Numbers
    first: Numbers
    after: Numbers

    @property
    def length(self) -> Numbers:
        """How many pixels each has."""
        return self.after - self.first


def label(image: NDArray[np.bool_]) -> tuple[Numbers, int]:
    """A map that numbers the regions from 1, with 0 for the background; and how many there are."""
    runs = _runs(image)
    number, count = _numbers(runs, image.shape[1])
    labels = np.zeros(image.shape, dtype=np.int64)
    labels[image] = np.repeat(number + 1, runs.length)
    return labels, count


def regions(image: NDArray[np.bool_]) -> list[Region]:
    """Area and centroid of every region."""
    runs = _runs(image)
    number, count = _numbers(runs, image.shape[1])
    columns = (runs.first + runs.after - 1) * runs.length / 2  # their sum
    area = np.bincount(number, runs.length, count)
    row = np.bincount(number, runs.row * runs.length, count) / area
    column = np.bincount(number, columns, count) / area
    return [Region(int(a), r, c) for a, r, c in strict_zip(area.tolist(), row.tolist(), column.tolist())]


def _runs(image: NDArray[np.bool_]) -> _Runs:
    edges = np.diff(np.pad(image, ((0, 0), (1, 1))).view(np.int8), axis=1).astype(np.int64).ravel()
    width = image.shape[1] + 1
    row, first = np.divmod(np.flatnonzero(edges == 1), width)
    return _Runs(row, first, np.flatnonzero(edges == -1) % width)


def _numbers(runs: _Runs, width: int) -> tuple[Numbers, int]:
    """The number of each run's region from 0, and how many regions there are."""
    upper, lower = _touching(runs, width)
    root = np.arange(runs.row.size)  # a run of the same region that comes no later
    while upper.size:
        one, other = root[upper], root[lower]
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        root = _followed(root)
        apart = root[upper] != root[lower]
        upper, lower = upper[apart], lower[apart]
    firsts, number = np.unique(root, return_inverse=True)
    return number, firsts.size


def _followed(root: Numbers) -> Numbers:
    """Each run's root, after the roots of roots; only so can a pair that has met be left out."""
    while not np.array_equal(root, further := root[root]):
        root = further
    return root


def _touching(runs: _Runs, width: int) -> tuple[Numbers, Numbers]:
    """Pairs of runs that touch, by a side or a corner: one, and one of the next row."""
    row = width + 2  # so long that no run touches one of another row's end
    above = (runs.row - 1) * row
    low = np.searchsorted(runs.row * row + runs.after, above + runs.first, "left")
    high = np.searchsorted(runs.row * row + runs.first, above + runs.after, "right")
    counts = np.maximum(high - low, 0)
    lower = np.repeat(np.arange(counts.size), counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    return np.arange(lower.size) - before + low[lower], lower
