"""The last look at a loss: as a whole it is the reference's times a number, or plus one.

One number says nothing: any loss is another one's times something. So its gradient has to say the same, in
different elements: it is the reference's times that number; or it is the reference's, for what is added has
no gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import address as addresses
from harness.diagnose import Cause
from harness.flows.loss_evidence import Gradient
from harness.flows.loss_trials import WantedLosses
from harness.trace import Trace

Array = NDArray[Any]
_FEWEST, _MANY = 2, 16  # different elements of a gradient: labels of two kinds may give no more than two
_NEAR, _EXACT = 1e-4, 1e-6  # few have to be met in all digits
_NOTHING = Cause(False, "")


def explained(
    wanted: WantedLosses, gradients: Sequence[Gradient], reference: Trace, port: Trace, tried: int
) -> Cause:
    """The cause where losses and gradients say the same; else none."""
    wrong = [
        name for name in wanted.port if abs(wanted.port[name] - wanted.reference[name]) > wanted.room[name]
    ]
    if not wrong or not gradients:
        return _NOTHING
    ours, its = _pair(gradients[0], reference)  # others may be given, not made
    if ours.size == 1:
        ours, its = _behind(gradients[0].address, reference, port)
    if len(np.unique(ours)) < _FEWEST or ours.shape != its.shape:
        return _NOTHING
    factor = _factor(wanted, wrong)
    if factor is not None and _are_near(ours * factor, its):
        words = f"the port's loss is the reference's times {factor:.6g}"
        return Cause(True, f"{words}, and so are {ours.size} elements of its gradient.", words, tried=tried)
    if _are_near(ours, its):
        added = ", ".join(f"{name} plus {wanted.port[name] - wanted.reference[name]:.6g}" for name in wrong)
        words = f"the port's loss is the reference's {added}"
        said = f"{words}, which has no gradient: {ours.size} elements of the gradient agree."
        return Cause(True, said, words, tried=tried)
    return _NOTHING


def _pair(gradient: Gradient, reference: Trace) -> tuple[Array, Array]:
    ours = np.asarray(reference.array(gradient.address), np.float64)
    return ours, np.asarray(gradient.port, np.float64)


def _behind(address: str, reference: Trace, port: Trace) -> tuple[Array, Array]:
    """The first gradient of many elements that comes of a gradient of one: a model may return its losses."""
    nothing = np.zeros(0)
    names = list(reference.records)
    for name in names[names.index(address) + 1 :]:
        if (
            addresses.is_layer_gradient(name)
            and name in port.records
            and reference.records[name].size > _MANY
        ):
            ours, its = reference.array(name), port.array(name)
            found = (nothing, nothing) if ours is None or its is None else (ours, its)
            return np.asarray(found[0], np.float64), np.asarray(found[1], np.float64)
    return nothing, nothing


def _factor(wanted: WantedLosses, wrong: Sequence[str]) -> float | None:
    """What all losses are times: none where one of them is right and not zero, or is times something else."""
    if any(wanted.reference[name] for name in wanted.port if name not in wrong):
        return None
    if not all(wanted.reference[name] for name in wrong):
        return None
    factors = [wanted.port[name] / wanted.reference[name] for name in wrong]
    return factors[0] if np.allclose(factors, factors[0], rtol=_NEAR, atol=0) else None


def _are_near(ours: Array, its: Array) -> bool:
    near = _NEAR if len(np.unique(ours)) >= _MANY else _EXACT
    return float(np.linalg.norm(ours - its)) <= near * float(np.linalg.norm(its))
