"""From packed planes to a picture by averaging the greens: white balance, colour matrix, curve, 8 bits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput

Floats = NDArray[Any]

GAMMA, FLOOR = 2.2, 1e-8


@dataclass(frozen=True)
class ResponseCurve:
    """A camera's response: for each colour, values over rising knots of light."""

    light: Floats
    values: Floats

    def __call__(self, rgb: Floats) -> Floats:
        """The curve at each element of N x 3 x H x W, straight between knots."""
        found = [self._one(rgb[:, colour], colour) for colour in range(3)]
        return np.stack(found, 1)

    def _one(self, x: Floats, colour: int) -> Floats:
        light, values = self.light[colour], self.values[colour]
        place = np.clip(np.searchsorted(light, x, side="left") - 1, 0, len(light) - 2)
        slope = (values[place + 1] - values[place]) / (
            np.finfo(values.dtype).eps + light[place + 1] - light[place]
        )
        return np.asarray(values[place] + (x - light[place]) * slope)

    @classmethod
    def read(cls, light: Path, values: Path) -> ResponseCurve:
        """From the data base of camera responses: its `emor.txt`, and a file of 3 x 1024 values."""
        text = light.read_text(encoding="utf-8-sig")
        if "E =" not in text:
            raise BadInput(f"{light} has no block 'E =' with the knots of light")
        block = text.split("E =", 1)[1].split("=", 1)[0]
        knots = np.array([float(word) for word in block.split() if _is_number(word)], np.float32)
        curves = np.loadtxt(values, dtype=np.float64).reshape(3, -1)
        if curves.shape[1] != len(knots):
            raise BadInput(
                f"{values} has {curves.shape[1]} values a colour for {len(knots)} knots in {light}"
            )
        return cls(np.broadcast_to(knots, curves.shape), curves)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def balance(planes: Floats, white_balance: Floats) -> Floats:
    """Each plane times its gain, between 0 and 1."""
    balanced: Floats = np.clip(planes * white_balance[:, :, None, None], 0, 1)
    return balanced


def bin_greens(planes: Floats) -> Floats:
    """Red, the mean of both greens, blue."""
    red, green, blue, other = (planes[:, plane] for plane in range(4))
    return np.stack([red, (green + other) / 2, blue], 1)


def apply_matrix(rgb: Floats, matrices: Floats) -> Floats:
    """Each image's colours through its own matrix, between 0 and 1."""
    return np.asarray(np.clip(np.einsum("noc,nchw->nohw", matrices, rgb), 0, 1))


def gamma(rgb: Floats) -> Floats:
    """The curve of screens."""
    return np.maximum(rgb, FLOOR) ** (1 / GAMMA)


def to_8bit(rgb: Floats) -> Floats:
    """Cut off to steps of 1/255, as published, not rounded."""
    return np.asarray(np.clip(np.trunc(rgb * 255), 0, 255) / 255)


def develop(
    planes: Floats,
    white_balance: Floats,
    matrices: Floats,
    curve: ResponseCurve | None = None,
    eight_bits: bool = True,
) -> NDArray[np.float32]:
    """The picture of N x 4 x H x W planes."""
    rgb = apply_matrix(bin_greens(balance(planes, white_balance)), matrices)
    bright = gamma(rgb) if curve is None else curve(rgb)
    return (to_8bit(bright) if eight_bits else bright).astype(np.float32)
