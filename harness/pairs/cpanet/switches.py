"""What can be switched in CPANet: its three parts, the loss weight, and the published code's quirks."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from harness.errors import BadInput


@dataclass(frozen=True)
class Switches:
    """The published network by default; each quirk is on where its switch is true."""

    cpp: bool = True
    """The cross-position proxy; without it the prototype is the masked average of the features."""
    sa: bool = True
    """The support auxiliary branch, which predicts the supports' masks in training."""
    ssa: bool = True
    """The space-squeeze attention, which is the decoder; without it one 1x1 convolution."""
    k: float = 0.8
    """The weight of the auxiliary loss: 0.8 in the published code, 0.4 in the paper (quirk Q4)."""
    swap_sides: bool = True
    """Q1: height and width are swapped on the way back to the size of the image."""
    divide_by_batch: bool = True
    """Q2: the sum of the shots' prototypes is divided by the batch size, not by the shots."""
    last_shot_loss: bool = True
    """Q3: the auxiliary loss is the last shot's over the number of shots, not the mean over the shots."""
    ignored_is_background: bool = True
    """Q5: pixels of a support labelled 255 count as background in the auxiliary loss."""
    backbone_norms_train: bool = True
    """Q6: the norms of the frozen backbone use the batch's statistics in training, and update their own."""
    first_mask_only: bool = True
    """Q7: evaluation gives the mask of the first sample of a batch alone."""


CORRECTIONS: dict[str, Any] = {
    "swap_sides": False,
    "divide_by_batch": False,
    "last_shot_loss": False,
    "k": 0.4,
    "ignored_is_background": False,
    "backbone_norms_train": False,
    "first_mask_only": False,
}
"""What the variant `corrected` changes, in the order of the quirks Q1 to Q7."""


def switches(**options: Any) -> Switches:
    """The published network with some switches changed; BadInput for an unknown name or value."""
    known = {field.name: field.type for field in fields(Switches)}
    for name, value in options.items():
        if name not in known:
            raise BadInput(f"CPANet has no switch {name!r}; it has {', '.join(known)}")
        fits = isinstance(value, (int, float)) if name == "k" else isinstance(value, bool)
        if not fits or (name == "k" and not 0 <= value < float("inf")):
            wanted = "a number, 0 or more" if name == "k" else "true or false"
            raise BadInput(f"the switch {name} of CPANet is {value!r}; it should be {wanted}")
    return replace(Switches(), **options)
