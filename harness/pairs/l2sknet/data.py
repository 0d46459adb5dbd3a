"""The inputs of a comparison, drawn from a seed."""

from __future__ import annotations

from harness import seeded
from harness.errors import BadInput
from harness.pairs.base import Arrays, InputRequest

EVAL_BATCH, EVAL_SIZE = 1, (256, 256)
TRAIN_BATCH, TRAIN_SIZE = 4, (64, 64)
SMALLEST_WITH_MORPHOLOGY = {"UNet": 16, "FPN": 9}


def draw_inputs(request: InputRequest) -> Arrays:
    """An image with values in [0, 1) and a mask of zeros and ones."""
    trains = request.mode != "eval"
    batch = request.batch or (TRAIN_BATCH if trains else EVAL_BATCH)
    height, width = request.size or (TRAIN_SIZE if trains else EVAL_SIZE)
    check_size(request.variant.name, height, width)
    if request.mode == "train" and batch < 2:
        raise BadInput(
            f"batch {batch} cannot train {request.variant.name}: its attention normalises over the batch "
            "alone, one value an image; use a batch of 2 or more"
        )
    shape = (batch, 1, height, width)
    laws = {"image": "uniform", "mask": "binary"}
    return {
        name: seeded.tensor(request.seed, f"l2sknet/{request.tag}/{name}", shape, law)
        for name, law in laws.items()
    }


def check_size(variant: str, height: int, width: int) -> None:
    """Refuse a size that the network of a variant cannot take."""
    if "UNet" in variant and (height % 8 or width % 8):
        raise BadInput(f"size {height}x{width} does not suit {variant}: both sides must be multiples of 8")
    if "morphology" in variant:
        least = SMALLEST_WITH_MORPHOLOGY["UNet" if "UNet" in variant else "FPN"]
        if min(height, width) < least:
            raise BadInput(
                f"size {height}x{width} does not suit {variant}: each side must be {least} or more"
            )
