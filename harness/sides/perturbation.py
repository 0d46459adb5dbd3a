"""How strongly the runs that measure the reference's own noise are perturbed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Perturbation:
    """How far a run moves every result, in units in the last place: each element, and whole channels.

    A sum in another order moves a whole channel at once. The strong runs count for gradients alone: they
    are there to turn over the units that rounding may turn over, and would blur the forward pass.
    """

    element: float
    channel: float
    gradients_alone: bool = False


_ROUNDING = Perturbation(element=2, channel=8)
_TURNING = Perturbation(element=48, channel=8, gradients_alone=True)
PERTURBATIONS = {
    "eval": (_ROUNDING, _ROUNDING),
    "train": (_ROUNDING, _ROUNDING, _TURNING, _TURNING, _TURNING),
    "frozen": (_ROUNDING, _ROUNDING, _TURNING, _TURNING, _TURNING),
}
