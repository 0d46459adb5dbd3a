"""The published transforms of an image and its label, by OpenCV; every draw comes from one generator."""

from __future__ import annotations

import random
from typing import Any, Callable, Tuple

import numpy as np
from numpy.typing import NDArray

from harness.errors import NoEnvironment

Image = NDArray[Any]
Pair = Tuple[Image, Image]
Transform = Callable[[Image, Image, random.Random, int], Pair]

SIDE = 200
IGNORED = 255
MEAN = tuple(255 * value for value in (0.485, 0.456, 0.406))
STD = tuple(255 * value for value in (0.229, 0.224, 0.225))
SCALES, ANGLES = (0.9, 1.1), (-10.0, 10.0)
CHANCE = 0.5
KEPT_SHARE, MOST_DRAWS = 0.85, 31
MULTIPLE = 8


def opencv() -> Any:
    """The module cv2; what the transforms need, and nothing else does."""
    try:
        import cv2
    except ImportError as problem:
        raise NoEnvironment(
            f"the published transforms of CPANet are OpenCV's, which cannot be imported ({problem}); "
            "install opencv-python-headless"
        ) from problem
    return cv2


def training(image: Image, label: Image, rng: random.Random, side: int = SIDE) -> Pair:
    """Scaled, rotated, blurred, flipped, cropped and normalised, as published for training."""
    for step in (_scale, _rotate, _blur, _flip):
        image, label = step(image, label, rng)
    image, label = _crop(image, label, rng, side)
    return normalised(image), label.astype(np.int64)


def evaluation(image: Image, label: Image, rng: random.Random, side: int = SIDE) -> Pair:
    """Resized into a square and normalised, as published for evaluation; nothing is drawn."""
    image, label = resized(image, label, side)
    return normalised(image), label.astype(np.int64)


def normalised(image: Image) -> Image:
    """(H, W, 3) with values up to 255 to (3, H, W) with mean 0 and deviation 1."""
    planes = image.astype(np.float32).transpose(2, 0, 1)
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (MEAN, STD))
    found: Image = (planes - mean) / std
    return found


def fitted_size(height: int, width: int, side: int = SIDE) -> tuple[int, int]:
    """The longer side to `side`, the other one in proportion, both down to a multiple of 8."""
    ratio = side / max(height, width)
    sizes = (side, int(width * ratio)) if height >= width else (int(height * ratio), side)
    return sizes[0] // MULTIPLE * MULTIPLE, sizes[1] // MULTIPLE * MULTIPLE


def resized(image: Image, label: Image, side: int = SIDE) -> Pair:
    """Resized to fit, at the top left of a square of 0 (image) and ignored pixels (label)."""
    cv2 = opencv()
    height, width = fitted_size(label.shape[0], label.shape[1], side)
    image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    label = cv2.resize(label, (width, height), interpolation=cv2.INTER_NEAREST)
    return _placed(image, label, side)


def shrunk(image: Image, label: Image, side: int = SIDE) -> Pair:
    """The alternative: what already fits into the square keeps its size."""
    return resized(image, label, side) if max(label.shape) > side else _placed(image, label, side)


def _placed(image: Image, label: Image, side: int) -> Pair:
    height, width = label.shape
    canvas, ground = np.zeros((side, side, 3)), np.full((side, side), float(IGNORED))
    canvas[:height, :width], ground[:height, :width] = image, label
    return canvas, ground


def _scale(image: Image, label: Image, rng: random.Random) -> Pair:
    cv2 = opencv()
    scale = SCALES[0] + (SCALES[1] - SCALES[0]) * rng.random()
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    return image, cv2.resize(label, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)


def _rotate(image: Image, label: Image, rng: random.Random) -> Pair:
    cv2 = opencv()
    if rng.random() >= CHANCE:
        return image, label
    angle = ANGLES[0] + (ANGLES[1] - ANGLES[0]) * rng.random()
    height, width = label.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)

    def turned(plane: Image, flags: int, border: Any) -> Image:
        found: Image = cv2.warpAffine(
            plane, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=border
        )
        return found

    return turned(image, cv2.INTER_LINEAR, MEAN), turned(label, cv2.INTER_NEAREST, IGNORED)


def _blur(image: Image, label: Image, rng: random.Random) -> Pair:
    return (opencv().GaussianBlur(image, (5, 5), 0) if rng.random() < CHANCE else image), label


def _flip(image: Image, label: Image, rng: random.Random) -> Pair:
    return (image[:, ::-1], label[:, ::-1]) if rng.random() < CHANCE else (image, label)


def _crop(image: Image, label: Image, rng: random.Random, side: int) -> Pair:
    """A square with most of the defect, if one is found in time; the last draw stands."""
    image, label = _padded(image, label, side)
    wanted = KEPT_SHARE * int((label == 1).sum())
    for _ in range(1 + MOST_DRAWS):
        rows, columns = (slice(off := rng.randint(0, size - side), off + side) for size in label.shape)
        if int((label[rows, columns] == 1).sum()) >= wanted:
            break
    return image[rows, columns], label[rows, columns]


def _padded(image: Image, label: Image, side: int) -> Pair:
    cv2 = opencv()
    missing = [max(side - size, 0) for size in label.shape]
    if not any(missing):
        return image, label
    sides = [part for amount in missing for part in (amount // 2, amount - amount // 2)]
    return (
        cv2.copyMakeBorder(np.ascontiguousarray(image), *sides, cv2.BORDER_CONSTANT, value=MEAN),
        cv2.copyMakeBorder(np.ascontiguousarray(label), *sides, cv2.BORDER_CONSTANT, value=IGNORED),
    )
