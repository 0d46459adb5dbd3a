"""The cells of all levels as numbers, in the order of the head's outputs: fine levels first, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Tuple

import numpy as np
from numpy.typing import NDArray

from harness.older_python import strict_zip
from harness.pairs.gold_yolo.config import STRIDES

Size = Tuple[int, int]
BOX_SIDE = 5.0  # of an anchor's square, in strides


@dataclass(frozen=True, eq=False)
class Grid:
    """Centres in cells (A, 2), strides (A, 1), and how many cells each level has."""

    points: NDArray[np.float32]
    strides: NDArray[np.float32]
    counts: tuple[int, ...]

    @property
    def pixels(self) -> NDArray[np.float32]:
        """The centres in pixels."""
        return self.points * self.strides

    @property
    def boxes(self) -> NDArray[np.float32]:
        """A square around each centre, as corners in pixels."""
        half = self.strides * np.float32(BOX_SIDE / 2)
        return np.concatenate((self.pixels - half, self.pixels + half), axis=1)

    def repeated(self, times: int) -> Grid:
        """The same with each cell so many times in a row."""
        points, strides = (np.repeat(array, times, axis=0) for array in (self.points, self.strides))
        return Grid(points, strides, tuple(times * count for count in self.counts))


@lru_cache(maxsize=32)
def grid(sizes: tuple[Size, ...]) -> Grid:
    """The grid of levels of these sizes."""
    points, strides = [], []
    for (height, width), stride in strict_zip(sizes, STRIDES):
        rows, columns = np.mgrid[:height, :width].astype(np.float32) + np.float32(0.5)
        points.append(np.stack((columns, rows), axis=-1).reshape(-1, 2))
        strides.append(np.full((height * width, 1), stride, np.float32))
    counts = tuple(height * width for height, width in sizes)
    return Grid(np.concatenate(points), np.concatenate(strides), counts)
