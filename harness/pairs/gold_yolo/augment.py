"""What training does to pictures: mosaic, mixing, affine motion, colours and flips, from one generator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.pairs.gold_yolo.datasets import Picture, Pictures
from harness.pairs.gold_yolo.letterbox import GRAY, Pixels, fit, letterbox, resize

Floats = NDArray[np.float64]
Corners = NDArray[np.float64]  # rows of class, x1, y1, x2, y2 in pixels


@dataclass(frozen=True)
class Augmentation:
    """How strongly; the defaults are those of n and s."""

    hsv: tuple[float, float, float] = (0.015, 0.7, 0.4)
    degrees: float = 0.0
    translate: float = 0.1
    scale: float = 0.5
    shear: float = 0.0
    flipud: float = 0.0
    fliplr: float = 0.5
    mosaic: float = 1.0
    mixup: float = 0.0


SMALL = Augmentation()
LARGE = Augmentation(scale=0.9, mixup=0.1)
STILL = Augmentation(mosaic=0.0)  # the last epochs of a run: SMALL without a mosaic


@dataclass(frozen=True)
class Motion:
    """What an affine motion draws: degrees, scale, shears in degrees, and where the centre goes in shares."""

    angle: float
    scale: float
    shear: tuple[float, float]
    centre: tuple[float, float]

    @classmethod
    def draw(cls, rng: np.random.Generator, recipe: Augmentation) -> Motion:
        """At random, within a recipe."""
        around = rng.uniform(-1, 1, 3)
        return cls(
            recipe.degrees * around[0],
            rng.uniform(1 - recipe.scale, 1 + recipe.scale),
            (recipe.shear * around[1], recipe.shear * around[2]),
            tuple(rng.uniform(0.5 - recipe.translate, 0.5 + recipe.translate, 2)),
        )

    def matrix(self, before: tuple[int, int], after: tuple[int, int]) -> Floats:
        """From pixels of an image (height, width) to pixels of the result."""
        centre, turn, lean, move = (np.eye(3) for _ in range(4))
        centre[:2, 2] = -before[1] / 2, -before[0] / 2
        angle = math.radians(self.angle)
        cosine, sine = self.scale * math.cos(angle), self.scale * math.sin(angle)
        turn[:2, :2] = (cosine, sine), (-sine, cosine)
        lean[0, 1], lean[1, 0] = (math.tan(math.radians(part)) for part in self.shear)
        move[:2, 2] = self.centre[0] * after[1], self.centre[1] * after[0]
        found: Floats = move @ lean @ turn @ centre
        return found


def moved_boxes(boxes: Corners, matrix: Floats, scale: float, size: tuple[int, int]) -> Corners:
    """The hulls of moved boxes within the result; those that nearly left it are gone."""
    x, y = boxes[:, [1, 3, 1, 3]], boxes[:, [2, 4, 4, 2]]
    points = np.stack((x, y, np.ones_like(x)), axis=-1) @ matrix.T
    low, high = points[..., :2].min(axis=1), points[..., :2].max(axis=1)
    limits = np.array([size[1], size[0]])
    hulls = np.concatenate((low, high), axis=1).clip(0, np.tile(limits, 2))
    kept = worth_keeping(boxes[:, 1:] * scale, hulls)
    return np.concatenate((boxes[kept, :1], hulls[kept]), axis=1)


def worth_keeping(before: Floats, after: Floats) -> NDArray[np.bool_]:
    """Larger than 2 pixels, a tenth of the area left, and no more than 20 times as long as wide."""
    old, new = ((boxes[:, 2:] - boxes[:, :2]).T for boxes in (before, after))
    aspect = np.maximum(new[0] / (new[1] + 1e-16), new[1] / (new[0] + 1e-16))
    left = new[0] * new[1] / (old[0] * old[1] + 1e-16)
    kept: NDArray[np.bool_] = (new[0] > 2) & (new[1] > 2) & (left > 0.1) & (aspect < 20)
    return kept


def warped(image: Pixels, matrix: Floats, size: tuple[int, int]) -> Pixels:
    """An image moved by a matrix, between pixels bilinearly, gray outside."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    back = np.linalg.inv(matrix)
    x, y = (back[axis, 0] * columns + back[axis, 1] * rows + back[axis, 2] for axis in (0, 1))
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    across, down = (x - left)[..., None], (y - top)[..., None]
    framed = np.pad(image, ((1, 1), (1, 1), (0, 0)), constant_values=GRAY).astype(np.float32)

    def at(row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.float32]:
        near: NDArray[np.float32] = framed[
            (row + 1).clip(0, framed.shape[0] - 1), (column + 1).clip(0, framed.shape[1] - 1)
        ]
        return near

    upper = at(top, left) * (1 - across) + at(top, left + 1) * across
    lower = at(top + 1, left) * (1 - across) + at(top + 1, left + 1) * across
    found: Pixels = np.rint(upper * (1 - down) + lower * down).clip(0, 255).astype(np.uint8)
    return found


def corners(picture: Picture, size: tuple[int, int], left: float = 0, top: float = 0) -> Corners:
    """A picture's labels as corners in pixels, where it was drawn with this size and from this place."""
    rows = picture.labels.astype(np.float64)
    scale, place = np.array([size[1], size[0]]), np.array([left, top])
    centre, half = rows[:, 1:3] * scale + place, rows[:, 3:] * scale / 2
    return np.concatenate((rows[:, :1], centre - half, centre + half), axis=1)


def loaded(picture: Picture, side: int, area: bool = False) -> Pixels:
    """The image with its longest side brought to `side`."""
    height, width = picture.image.shape[:2]
    ratio = side / max(height, width)
    if ratio == 1:
        return picture.image
    return resize(picture.image, (int(height * ratio), int(width * ratio)), area and ratio < 1)


def mosaic(pictures: Sequence[Picture], side: int, centre: tuple[int, int]) -> tuple[Pixels, Corners]:
    """Four pictures around a centre (row, column) of a canvas twice as large."""
    canvas = np.full((2 * side, 2 * side, 3), GRAY, np.uint8)
    boxes = []
    for place, picture in enumerate(pictures):
        image = loaded(picture, side)
        height, width = image.shape[:2]
        top = centre[0] - height if place < 2 else centre[0]
        left = centre[1] - width if place % 2 == 0 else centre[1]
        upper, lower = max(top, 0), min(top + height, 2 * side)
        first, last = max(left, 0), min(left + width, 2 * side)
        canvas[upper:lower, first:last] = image[upper - top : lower - top, first - left : last - left]
        boxes.append(corners(picture, (height, width), left, top))
    rows = np.concatenate(boxes)
    rows[:, 1:] = rows[:, 1:].clip(0, 2 * side)
    return canvas, rows


def recoloured(image: Pixels, gains: Floats) -> Pixels:
    """Hue, saturation and brightness times their gains, in the steps of 8-bit colours (hue in 180)."""
    steps = np.arange(256)
    hue = (steps * gains[0] % 180).astype(np.uint8)
    saturation, value = (np.clip(steps * gain, 0, 255).astype(np.uint8) for gain in gains[1:])
    h, s, v = to_hsv(image)
    return from_hsv(hue[h], saturation[s], value[v])


def to_hsv(image: Pixels) -> tuple[Pixels, Pixels, Pixels]:
    """Hue in [0, 180), saturation and value in [0, 255]."""
    red, green, blue = (image[..., place].astype(np.float64) for place in range(3))
    value = np.maximum(np.maximum(red, green), blue)
    spread = value - np.minimum(np.minimum(red, green), blue)
    safe = np.where(spread > 0, spread, 1)
    hue = np.where(
        value == red,
        (green - blue) / safe,
        np.where(value == green, 2 + (blue - red) / safe, 4 + (red - green) / safe),
    )
    hue = np.where(spread > 0, np.rint(hue * 30) % 180, 0)
    saturation = np.rint(255 * spread / np.where(value > 0, value, 1))
    return hue.astype(np.uint8), saturation.astype(np.uint8), value.astype(np.uint8)


def from_hsv(hue: Pixels, saturation: Pixels, value: Pixels) -> Pixels:
    """The way back."""
    sector, share = np.divmod(hue.astype(np.float64) / 30, 1)
    bright, strength = value.astype(np.float64), saturation / 255
    low, falling, rising = (bright * (1 - strength * part) for part in (1.0, share, 1 - share))
    choices = (
        (bright, rising, low),
        (falling, bright, low),
        (low, bright, rising),
        (low, falling, bright),
        (rising, low, bright),
        (bright, low, falling),
    )
    colours = [np.choose(sector.astype(int), [choice[place] for choice in choices]) for place in range(3)]
    found: Pixels = np.rint(np.stack(colours, axis=-1)).astype(np.uint8)
    return found


class AugmentedPictures:
    """Pictures as training sees them: each depends on the seed, the epoch and its own number alone."""

    def __init__(self, pictures: Pictures, side: int, recipe: Augmentation = SMALL, seed: int = 0) -> None:
        self.pictures, self.side, self.recipe, self.seed = pictures, side, recipe, seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[Pixels, NDArray[np.float32]]:
        """An image (side, side, RGB) and labels (class, centre x, centre y, width, height) in shares."""
        return self.drawn(index, np.random.default_rng((self.seed, self.epoch, index)))

    def drawn(self, index: int, rng: np.random.Generator) -> tuple[Pixels, NDArray[np.float32]]:
        """The same, with draws from a generator."""
        if rng.random() < self.recipe.mosaic:
            image, boxes = self._mosaic(index, rng)
            if rng.random() < self.recipe.mixup:
                other, more = self._mosaic(int(rng.integers(len(self))), rng)
                share = rng.beta(32.0, 32.0)
                image = (image * share + other * (1 - share)).astype(np.uint8)
                boxes = np.concatenate((boxes, more))
        else:
            image, boxes = self._single(index, rng)
        image = recoloured(image, 1 + rng.uniform(-1, 1, 3) * self.recipe.hsv)
        return self._flipped(image, boxes, rng)

    def _mosaic(self, index: int, rng: np.random.Generator) -> tuple[Pixels, Corners]:
        row, column = (int(rng.uniform(self.side / 2, 3 * self.side / 2)) for _ in range(2))
        chosen = [index, *(int(place) for place in rng.integers(len(self), size=3))]
        rng.shuffle(chosen)
        canvas, boxes = mosaic([self.pictures[place] for place in chosen], self.side, (row, column))
        return self._moved(canvas, boxes, rng)

    def _single(self, index: int, rng: np.random.Generator) -> tuple[Pixels, Corners]:
        picture = self.pictures[index]
        image = loaded(picture, self.side)
        placed = fit((image.shape[0], image.shape[1]), self.side, scaleup=True)
        across, down = placed.pad
        return self._moved(letterbox(image, placed), corners(picture, placed.inner, across, down), rng)

    def _moved(self, image: Pixels, boxes: Corners, rng: np.random.Generator) -> tuple[Pixels, Corners]:
        motion, size = Motion.draw(rng, self.recipe), (self.side, self.side)
        matrix = motion.matrix((image.shape[0], image.shape[1]), size)
        return warped(image, matrix, size), moved_boxes(boxes, matrix, motion.scale, size)

    def _flipped(
        self, image: Pixels, boxes: Corners, rng: np.random.Generator
    ) -> tuple[Pixels, NDArray[np.float32]]:
        low, high = boxes[:, 1:3] / self.side, boxes[:, 3:] / self.side
        labels = np.concatenate((boxes[:, :1], (low + high) / 2, high - low), axis=1)
        for axis, chance in enumerate((self.recipe.flipud, self.recipe.fliplr)):
            if rng.random() < chance:
                image = np.flip(image, axis)
                labels[:, 2 - axis] = 1 - labels[:, 2 - axis]
        return np.ascontiguousarray(image), labels.astype(np.float32)


def batch(items: Sequence[tuple[Pixels, NDArray[np.float32]]]) -> dict[str, NDArray[np.float32]]:
    """Images as one array of numbers in [0, 1], and labels as rows that name their image."""
    images = np.stack([image for image, _ in items]).transpose(0, 3, 1, 2)
    rows = [np.insert(labels, 0, place, axis=1) for place, (_, labels) in enumerate(items)]
    return {"x": images.astype(np.float32) / np.float32(255), "targets": np.concatenate(rows)}
