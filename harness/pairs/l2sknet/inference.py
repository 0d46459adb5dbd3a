"""Infrared images as files, and the masks that a network makes of them, as published: PNG and .mat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.pairs.base import Variant
from harness.pairs.drawing import HIT, Pixels, gray, marked
from harness.pairs.inference import Inference, Opened, save_mat, save_picture
from harness.pairs.l2sknet.data import check_size
from harness.pairs.l2sknet.datasets import read_gray, resize_bilinear
from harness.pairs.l2sknet.metrics import THRESHOLD


class MaskInference(Inference):
    """One image a file, as it is or in the size that is asked for."""

    files = "one gray or RGB image a file"

    def __init__(self, variant: Variant) -> None:
        self.variant = variant

    def read(self, paths: tuple[Path, ...], size: tuple[int, int] | None) -> Opened:
        """Gray values in [0, 1]."""
        image = read_gray(paths[0])
        if size is not None and image.shape != size:
            image = resize_bilinear(image, size)
        check_size(self.variant.name, *image.shape)
        return Opened({"image": image[None, None]}, gray(image))

    def write(self, outputs: dict[str, NDArray[Any]], opened: Opened, folder: Path, side: str) -> None:
        """The probabilities, rounded to 8 bits in PNG, whole as the variable T."""
        plane = _plane(outputs)
        save_picture(folder / f"{side}.png", gray(plane)[..., 0])
        save_mat(folder / f"{side}.mat", "T", plane)

    def draw(self, outputs: dict[str, NDArray[Any]], opened: Opened) -> Pixels:
        """What is above one half, in green."""
        return marked(opened.picture, _plane(outputs) > THRESHOLD, HIT)


def _plane(outputs: dict[str, NDArray[Any]]) -> NDArray[Any]:
    (predictions,) = outputs.values()
    return np.asarray(predictions[0, 0])
