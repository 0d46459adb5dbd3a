"""Dark raw images as files, and the clean planes that a network makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput, HarnessError
from harness.pairs.base import Variant
from harness.pairs.drawing import Pixels, colours
from harness.pairs.inference import Inference, Opened, save_picture
from harness.pairs.led.data import check_size
from harness.pairs.led.datasets import Raw, read_packed, read_plain, read_raw
from harness.pairs.led.isp import develop
from harness.pairs.led.packing import crop

READERS = {".npz": read_packed, ".npy": read_plain}


class RawInference(Inference):
    """One RAW, mosaic (.npy) or packed image (.npz) a file; the middle of it where a size is asked for."""

    files = "one RAW file, .npy mosaic or .npz packed image a file"

    def __init__(self, variant: Variant) -> None:
        self.variant = variant

    def read(self, paths: tuple[Path, ...], size: tuple[int, int] | None) -> Opened:
        """Planes between black and white."""
        raw = _raw(paths[0])
        planes = raw.normalized
        if size is not None:
            planes = np.ascontiguousarray(crop(planes, min(size)))
        check_size(self.variant.name, *planes.shape[-2:])
        return Opened({"lq": planes[None]}, developed(planes[None], raw), {"raw": raw})

    def write(self, outputs: dict[str, NDArray[Any]], opened: Opened, folder: Path, side: str) -> None:
        """The planes as they are, and developed into a picture."""
        (planes,) = outputs.values()
        with (folder / f"{side}.npy").open("wb") as file:
            np.save(file, planes[0], allow_pickle=False)
        save_picture(folder / f"{side}.png", self.draw(outputs, opened))

    def draw(self, outputs: dict[str, NDArray[Any]], opened: Opened) -> Pixels:
        """Developed with the image's own white balance and colours."""
        (planes,) = outputs.values()
        return developed(planes[:1], opened.keeps["raw"])


def developed(planes: NDArray[Any], raw: Raw) -> Pixels:
    """The picture of 1 x 4 x H x W planes."""
    balance = np.asarray(raw.white_balance, np.float32).reshape(1, -1)[:, :4]
    return colours(develop(np.nan_to_num(planes), balance, np.asarray(raw.matrix)[None])[0])


def _raw(path: Path) -> Raw:
    try:
        return READERS.get(path.suffix.lower(), read_raw)(path)
    except HarnessError:
        raise
    except Exception as error:  # readers of RAW files raise errors of their own
        raise BadInput(f"{path} cannot be read as a raw image: {type(error).__name__}: {error}") from error
