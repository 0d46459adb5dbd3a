"""The pictures that a training reads: synthetic ones, or YOLO's folders as `dataset.yaml` names them.

Training sees them as published: a mosaic, moved, recoloured and flipped; the last epochs without the mosaic.
Validation sees each whole, in the square frame that the published code gives a square picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.pairs.base import Arrays, DataRequest, DataSet, Split
from harness.pairs.gold_yolo.augment import (
    LARGE,
    SMALL,
    STILL,
    Augmentation,
    AugmentedPictures,
    batch,
    corners,
    loaded,
)
from harness.pairs.gold_yolo.config import CLASSES
from harness.pairs.gold_yolo.datasets import DetectionFolder, Pictures, Pixels, read_dataset_file
from harness.pairs.gold_yolo.letterbox import STRIDE, Frame, fit, letterbox
from harness.pairs.gold_yolo.scenes import SyntheticPictures

COUNTS = {"train": 64, "val": 16}
SYNTHETIC_SIDE, PUBLISHED_SIDE = 128, 640
STILL_EPOCHS = 15  # the last ones
FILE = "dataset.yaml"
_PAD = 0.5  # of a stride, around pictures that are evaluated


class PictureSet(DataSet):
    """Pictures with their labels; a batch is the images and one table of objects."""

    def __init__(self, pictures: Pictures) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        return len(self.pictures)

    def name(self, index: int) -> str:
        """The file of the picture."""
        if isinstance(self.pictures, DetectionFolder):
            return str(self.pictures.images[index])
        return f"picture {index}"

    def batch(self, samples: Sequence[Arrays]) -> Arrays:
        """Images `x`, and `targets` as rows of image, class, centre x and y, width and height."""
        return dict(batch([(sample["image"], sample["labels"]) for sample in samples]))

    def check(self) -> None:
        """Whether every file of labels can be read."""
        if isinstance(self.pictures, DetectionFolder):
            self.pictures.check()


class TrainingSet(PictureSet):
    """Pictures as training sees them."""

    def __init__(self, pictures: Pictures, side: int, recipe: Augmentation, epochs: int | None) -> None:
        super().__init__(pictures)
        self.moving, self.still = (
            AugmentedPictures(pictures, side, recipe),
            AugmentedPictures(pictures, side, STILL),
        )
        self.still_from = epochs - STILL_EPOCHS if epochs is not None and epochs >= STILL_EPOCHS else None

    def sample(self, index: int, epoch: int, rng: np.random.Generator) -> Arrays:
        """One picture, or four in a mosaic."""
        still = self.still_from is not None and epoch >= self.still_from
        image, labels = (self.still if still else self.moving).drawn(index, rng)
        return {"image": image, "labels": labels}


class ValidationSet(PictureSet):
    """Pictures as validation sees them; `frames` tells how each lies in its own."""

    def __init__(self, pictures: Pictures, side: int) -> None:
        super().__init__(pictures)
        self.side, self.frame = side, math.ceil(side / STRIDE + _PAD) * STRIDE

    def sample(self, index: int, epoch: int, rng: np.random.Generator) -> Arrays:
        """One picture in its frame, with its labels there."""
        picture = self.pictures[index]
        image: Pixels = loaded(picture, self.side, area=True)
        placed = fit((image.shape[0], image.shape[1]), self.frame)
        across, down = placed.pad
        boxes = corners(picture, placed.inner, across, down)
        low, high = boxes[:, 1:3] / self.frame, boxes[:, 3:] / self.frame
        rows: NDArray[np.float64] = np.concatenate((boxes[:, :1], (low + high) / 2, high - low), axis=1)
        height, width = picture.image.shape[:2]
        frame = Frame(height, width, *placed.inner, down, across)
        return {
            "image": letterbox(image, placed),
            "labels": rows.astype(np.float32),
            "frame": np.array(frame, np.float32),
        }

    def batch(self, samples: Sequence[Arrays]) -> Arrays:
        """The same with a row of `frames` for each."""
        return {**super().batch(samples), "frames": np.stack([sample["frame"] for sample in samples])}


def data_set(request: DataRequest) -> DataSet:
    """The pictures asked for."""
    if request.source is None:
        side, count = _side(request, SYNTHETIC_SIDE), request.limit or COUNTS[request.split]
        pictures: Pictures = SyntheticPictures(count, request.seed, (side, side), request.split)
    else:
        side, pictures = _side(request, PUBLISHED_SIDE), _folder(request.source, request.split)
    if request.split == "val":
        return ValidationSet(pictures, side)
    large = request.variant.name.partition("_")[0] in ("m", "l")
    return TrainingSet(pictures, side, LARGE if large else SMALL, request.epochs)


def _folder(source: Path, split: Split) -> DetectionFolder:
    described = read_dataset_file(source / FILE if source.is_dir() else source)
    if len(described.names) > CLASSES:
        raise BadInput(f"--data {source}: {len(described.names)} classes; the network has {CLASSES}")
    return DetectionFolder(described, split)


def _side(request: DataRequest, usual: int) -> int:
    if request.size is None:
        return usual
    height, width = request.size
    if height != width or height % STRIDE:
        raise BadInput(
            f"size {height}x{width}: Gold-YOLO's mosaics are squares whose side is a multiple of {STRIDE}"
        )
    return height
