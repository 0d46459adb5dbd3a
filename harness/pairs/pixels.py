"""Image files that a stranger may have made: their size is known before anything is decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput

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
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=FORMATS) as image:
            require_modest(path, image.width, image.height)
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadInput(f"{path} cannot be read as an image ({', '.join(FORMATS)}): {error}") from error
