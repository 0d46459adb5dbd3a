"""Synthetic steel surfaces with twelve classes of defects, so that nothing needs a download."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.pairs.cpanet import fssd, transforms
from harness.pairs.cpanet.episodes import DEFECT
from harness.pairs.cpanet.fssd import ListedImage

Field = NDArray[np.float64]
Mask = NDArray[np.bool_]
Shape = Callable[[np.random.Generator, Field, Field], Mask]


@dataclass(frozen=True)
class Look:
    """How a class looks: its shape in coordinates from -1 to 1, and how it changes the steel's gray."""

    shape: Shape
    contrast: float
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    grain: float = 0.02


def _blob(least: float, most: float, rough: float = 0.0) -> Shape:
    """A round patch with a wavy rim."""

    def draw(rng: np.random.Generator, rows: Field, columns: Field) -> Mask:
        radius, turn = rng.uniform(least, most), rng.uniform(0, 2 * np.pi)
        angle = np.arctan2(rows, columns)
        rim = 1 + rough * np.sin(5 * angle + turn) + rough * np.sin(3 * angle - turn)
        found: Mask = np.hypot(rows, columns) < radius * rim
        return found

    return draw


def _stripe(least: float, most: float, length: float = 1.0) -> Shape:
    """A straight stroke."""

    def draw(rng: np.random.Generator, rows: Field, columns: Field) -> Mask:
        turn, half = rng.uniform(-0.4, 0.4), rng.uniform(least, most)
        along = columns * np.cos(turn) + rows * np.sin(turn)
        across = rows * np.cos(turn) - columns * np.sin(turn)
        found: Mask = (np.abs(across) < half) & (np.abs(along) < length)
        return found

    return draw


def _spots(count: int, radius: float) -> Shape:
    """Several small discs."""

    def draw(rng: np.random.Generator, rows: Field, columns: Field) -> Mask:
        found = np.zeros(rows.shape, dtype=bool)
        for row, column in rng.uniform(-0.6, 0.6, (count, 2)):
            found |= np.hypot(rows - row, columns - column) < radius * rng.uniform(0.6, 1.2)
        return found

    return draw


LOOKS = (
    Look(_blob(0.3, 0.5, 0.15), -0.20, grain=0.08),
    Look(_spots(9, 0.09), -0.30),
    Look(_blob(0.2, 0.4), 0.18),
    Look(_stripe(0.12, 0.25, 0.7), -0.25, (1.0, 0.9, 0.8)),
    Look(_spots(3, 0.2), -0.35, (0.9, 0.9, 1.0)),
    Look(_spots(4, 0.16), 0.25, (0.9, 1.0, 1.0)),
    Look(_blob(0.3, 0.45, 0.3), 0.22, grain=0.05),
    Look(_blob(0.1, 0.18), -0.45),
    Look(_blob(0.35, 0.5, 0.2), -0.15, (1.3, 0.8, 0.7)),
    Look(_stripe(0.05, 0.1), 0.30),
    Look(_stripe(0.02, 0.04, 0.8), 0.40),
    Look(_stripe(0.06, 0.1, 0.4), -0.40),
)


@dataclass(frozen=True)
class Surfaces:
    """A source of episodes; each image depends on the seed and its own name alone."""

    seed: int = 0
    side: int = 200

    def image(self, entry: ListedImage) -> NDArray[np.uint8]:
        """The image of an entry."""
        return self._draw(entry)[0]

    def mask(self, entry: ListedImage) -> NDArray[np.uint8]:
        """The mask of an entry."""
        return self._draw(entry)[1]

    def _draw(self, entry: ListedImage) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        rng = seeded.generator(self.seed, f"cpanet/surface/{entry.image}")
        look = LOOKS[entry.number - 1]
        rows, columns = np.meshgrid(*[np.linspace(-1, 1, self.side)] * 2, indexing="ij")
        row, column = rng.uniform(-0.45, 0.45, 2)
        defect = look.shape(rng, rows - row, columns - column)
        gray = _rolled(rng, self.side)
        light = 1 + defect * (look.contrast + look.grain * rng.standard_normal(gray.shape))
        tint = np.where(defect[..., None], np.array(look.tint), 1.0)
        pixels = np.clip(255 * (gray * light)[..., None] * tint, 0, 255)
        return np.rint(pixels).astype(np.uint8), np.where(defect, DEFECT, 0).astype(np.uint8)


def _rolled(rng: np.random.Generator, side: int) -> Field:
    """Bare rolled steel: streaks along the rows, a slope of light, and noise."""
    streaks = 0.03 * rng.standard_normal(side)[:, None]
    slope = rng.uniform(-0.08, 0.08) * np.linspace(-1, 1, side)[None, :]
    found: Field = rng.uniform(0.45, 0.6) + streaks + slope + 0.015 * rng.standard_normal((side, side))
    return found


def write_dataset(root: Path, surfaces: Surfaces, images: int = fssd.IMAGES) -> None:
    """Write synthetic surfaces in the published layout, with the lists of all folds."""
    cv2: Any = transforms.opencv()
    written: set[str] = set()
    for fold in range(fssd.FOLDS):
        for split in ("train", "val"):
            chosen = fssd.published_entries(fold, split)
            kept = [one for place, one in enumerate(chosen) if place % fssd.IMAGES < images]
            fssd.write_list(fssd.list_path(root, fold, split), kept)
            for entry in kept:
                if entry.image not in written:
                    written.add(entry.image)
                    _write(root / entry.image, cv2.cvtColor(surfaces.image(entry), cv2.COLOR_RGB2BGR), cv2)
                    _write(root / entry.mask, surfaces.mask(entry), cv2)


def _write(path: Path, pixels: NDArray[np.uint8], cv2: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _, encoded = cv2.imencode(path.suffix, pixels)
    encoded.tofile(path)
