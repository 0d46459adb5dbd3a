"""The inputs of a comparison, drawn from a seed."""

from __future__ import annotations

from harness import seeded
from harness.errors import BadInput
from harness.pairs.base import Arrays, InputRequest

BATCH, SIZE, PLANES = 1, (64, 64), 4
SMALLEST_UNET, RESTORMER_MULTIPLE = 6, 8


def draw_inputs(request: InputRequest) -> Arrays:
    """A noisy and a clean image, four packed planes each, with values in [0, 1)."""
    height, width = request.size or SIZE
    check_size(request.variant.name, height, width)
    shape = (request.batch or BATCH, PLANES, height, width)
    return {name: seeded.tensor(request.seed, f"led/{request.tag}/{name}", shape) for name in ("lq", "gt")}


def check_size(variant: str, height: int, width: int) -> None:
    """Refuse a size that the network of a variant cannot take."""
    if "unet" in variant and min(height, width) < SMALLEST_UNET:
        raise BadInput(
            f"size {height}x{width} does not suit {variant}: each side must be {SMALLEST_UNET} or more, "
            "to be mirrored up to a multiple of 16"
        )
    if "restormer" in variant and (height % RESTORMER_MULTIPLE or width % RESTORMER_MULTIPLE):
        raise BadInput(
            f"size {height}x{width} does not suit {variant}: both sides must be multiples of "
            f"{RESTORMER_MULTIPLE}"
        )
