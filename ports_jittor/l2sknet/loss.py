"""The soft intersection over union of a whole batch, as a loss."""

from __future__ import annotations

from collections.abc import Sequence

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.torchlike import reduce

SMOOTHING = 1.0


def soft_iou_loss(probability: Tensor | Sequence[Tensor], mask: Tensor) -> Tensor:
    """One minus the ratio of the batch's soft intersection to its soft union; of several maps, the mean."""
    if not isinstance(probability, Tensor):
        return jt.stack([soft_iou_loss(one, mask) for one in probability]).mean()
    intersection = reduce.sum(probability * mask)
    union = reduce.sum(probability) + reduce.sum(mask) - intersection
    return 1.0 - (intersection + SMOOTHING) / (union + SMOOTHING)
