"""A query and its supports as files, and the defect that a network finds in the query."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.pairs.base import Variant
from harness.pairs.cpanet import transforms
from harness.pairs.cpanet.episodes import DEFECT
from harness.pairs.cpanet.resizing import resize_bilinear
from harness.pairs.drawing import HIT, Pixels, marked
from harness.pairs.inference import Inference, Opened, save_picture
from harness.pairs.pixels import read_rgb


class QueryInference(Inference):
    """First the supports, each an image and its mask, then the queries."""

    def __init__(self, variant: Variant) -> None:
        self.shots = int(variant.options.get("shots", 1))
        pairs = ", ".join(f"support{shot} mask{shot}" for shot in range(1, self.shots + 1))
        self.files = f"{pairs}, then the queries; a mask is white where the defect is"

    def group(self, paths: Sequence[Path]) -> list[tuple[Path, ...]]:
        """Each query with all supports."""
        supports, queries = tuple(paths[: 2 * self.shots]), paths[2 * self.shots :]
        if not queries:
            raise BadInput(f"{len(paths)} files are too few; give {self.files}")
        return [(query, *supports) for query in queries]

    def read(self, paths: tuple[Path, ...], size: tuple[int, int] | None) -> Opened:
        """Each image fitted into the square as published for evaluation."""
        side = transforms.SIDE if size is None else size[0]
        picture = read_rgb(paths[0])
        query, _ = _fitted(picture, np.zeros(picture.shape[:2], np.uint8), side)
        supports = [_support(paths[place], paths[place + 1], side) for place in range(1, len(paths), 2)]
        images, labels = (np.stack([one[part] for one in supports]) for part in (0, 1))
        arrays = {"x": query[None], "s_x": images[None], "s_y": labels[None]}
        return Opened(arrays, picture)

    def write(self, outputs: dict[str, NDArray[Any]], opened: Opened, folder: Path, side: str) -> None:
        """The mask in the query's own pixels: 255 where the defect is."""
        save_picture(folder / f"{side}.png", np.where(_mask(outputs, opened), 255, 0).astype(np.uint8))

    def draw(self, outputs: dict[str, NDArray[Any]], opened: Opened) -> Pixels:
        """The defect in green."""
        return marked(opened.picture, _mask(outputs, opened), HIT)


def _support(image: Path, mask: Path, side: int) -> tuple[NDArray[Any], NDArray[Any]]:
    picture, label = read_rgb(image), (read_rgb(mask)[..., 0] == DEFECT).astype(np.uint8)
    if picture.shape[:2] != label.shape:
        raise BadInput(f"{image} and {mask} differ in size; a mask has the size of its image")
    return _fitted(picture, label, side)


def _fitted(picture: Pixels, label: NDArray[np.uint8], side: int) -> tuple[NDArray[Any], NDArray[Any]]:
    image, fitted = transforms.resized(picture.astype(np.float32), label, side)
    return transforms.normalised(image), fitted.astype(np.int64)


def _mask(outputs: dict[str, NDArray[Any]], opened: Opened) -> NDArray[np.bool_]:
    """Of logits enlarged to a square of the longer side, whose top left is the query, as published."""
    height, width = opened.picture.shape[:2]
    enlarged = resize_bilinear(outputs["logits"][0], (max(height, width),) * 2)
    return np.asarray(enlarged.argmax(0)[:height, :width] == 1)
