"""The inputs of a comparison, drawn from a seed: an episode of queries and their supports."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.errors import BadInput
from harness.pairs.base import Arrays, InputRequest

IGNORED = 255
BATCH = 2
SIZE = (200, 200)  # the recipe's
IGNORED_ROWS, IGNORED_COLUMNS = 4, 6  # of the supports' labels, of the query's


def draw_inputs(request: InputRequest) -> Arrays:
    """Queries x with labels y, supports s_x with labels s_y; the labels hold some pixels to ignore."""
    batch = request.batch or (1 if request.mode == "eval" else BATCH)
    shots = int(request.variant.options.get("shots", 1))
    height, width = request.size or SIZE
    check_size(request, height, width)

    def drawn(name: str, shape: tuple[int, ...], law: str) -> NDArray[np.float32]:
        return seeded.tensor(request.seed, f"cpanet/{request.tag}/{name}", shape, law)

    s_y = drawn("s_y", (batch, shots, height, width), "binary").astype(np.int64)
    y = drawn("y", (batch, height, width), "binary").astype(np.int64)
    s_y[:, :, -IGNORED_ROWS:] = IGNORED
    y[:, :, -IGNORED_COLUMNS:] = IGNORED
    return {
        "x": drawn("x", (batch, 3, height, width), "normal"),
        "s_x": drawn("s_x", (batch, shots, 3, height, width), "normal"),
        "s_y": s_y,
        "y": y,
    }


def check_size(request: InputRequest, height: int, width: int) -> None:
    """Refuse a size that the network of a variant cannot take."""
    options, what = request.variant.options, f"size {height}x{width} does not suit {request.variant.name}"
    if options.get("ssa", True) and (height % 4 or width % 4):
        raise BadInput(f"{what}: both sides must be multiples of 4, as the decoder halves them twice")
    deepest = min(deepest_side(str(options["backbone"]), side) for side in (height, width))
    if deepest < 2:
        raise BadInput(f"{what}: its deepest map would be {deepest} wide, and needs 2; use a larger size")
    if request.mode != "eval" and height != width and options.get("swap_sides", True):
        raise BadInput(f"{what} in training: height and width are swapped on the way (Q1); use a square")


def deepest_side(backbone: str, side: int) -> int:
    """The side of the level-3 map."""
    return math.ceil(side / (16 if backbone == "vgg16" else 8))
