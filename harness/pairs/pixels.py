"""Image files that a stranger may have made: their size is known before anything is decoded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput

if TYPE_CHECKING:
    from PIL.Image import Image

Taken = TypeVar("Taken")
MOST_PIXELS = 100_000_000
FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")


def require_modest(path: Path, width: int, height: int) -> None:
    """Refuse an image of too many pixels, before it is decoded."""
    if width * height > MOST_PIXELS:
        raise BadInput(
            f"{path} has {width} x {height} pixels, and at most {MOST_PIXELS:,} are read; give a smaller one"
        )


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """An image file as height x width x red, green, blue; BadInput says why it is none."""
    return read_picture(path, lambda image: np.asarray(_bytes(image, path).convert("RGB")))


def _bytes(image: Image, path: Path) -> Image:
    """The image in 8 bits a colour. Of 16 the upper 8 count, as OpenCV reads them; Pillow cuts at 255."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        from PIL import Image as module

        return module.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise BadInput(f"{path} has the colour mode {image.mode}; 8 or 16 bits a colour are read")
    return image


def read_picture(path: Path, take: Callable[[Image], Taken]) -> Taken:
    """What `take` makes of an opened image file; BadInput says why it is none."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=FORMATS) as image:
            require_modest(path, image.width, image.height)
            return take(image)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadInput(f"{path} cannot be read as an image ({', '.join(FORMATS)}): {error}") from error
