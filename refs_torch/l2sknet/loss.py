"""The soft intersection over union of a whole batch, as a loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

SMOOTHING = 1.0


def soft_iou_loss(probability: Tensor | Sequence[Tensor], mask: Tensor) -> Tensor:
    """One minus the ratio of the batch's soft intersection to its soft union; of several maps, the mean."""
    if not isinstance(probability, Tensor):
        return torch.stack([soft_iou_loss(one, mask) for one in probability]).mean()
    intersection = (probability * mask).sum()
    union = probability.sum() + mask.sum() - intersection
    return 1.0 - (intersection + SMOOTHING) / (union + SMOOTHING)
