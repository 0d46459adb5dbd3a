"""Hypotheses: what all wrong losses, gradients and buffers of one training pass have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.diagnose.factors import Array, apart, one_factor

_SHOWN = 3
_NOTHING, _WHOLE = 1e-3, 1e-2
_STRAYS = 4.0
_MEAN, _VARIANCE = STATISTICS = ("running_mean", "running_var")


@dataclass(frozen=True)
class Wrong:
    """A tensor that is not right: the reference's, the port's if it has one, and a buffer before the pass.

    `noise` is how far the reference's own strays by rounding, in l2.
    """

    address: str
    reference: Array
    port: Array | None
    before: Array | None = None
    noise: float = 0.0

    @property
    def kind(self) -> str:
        """What stands before the colon."""
        return self.address.partition(":")[0]

    @property
    def name(self) -> str:
        """What stands behind it."""
        return self.address.partition(":")[2]

    @property
    def missing(self) -> bool:
        """Whether the port has nothing there, or nothing but zeros."""
        return self.port is None or not self.port.any()


def cause_of_pass(wrong: Sequence[Wrong], momenta: Mapping[str, float], batch: int) -> str:
    """The cause in a sentence; empty where they have nothing in common.

    `momenta` are those of the reference's norms by path.
    """
    kinds = {one.kind for one in wrong}
    if kinds == {"state"}:
        return _of_norms(wrong, momenta)
    gradients = [one for one in wrong if one.kind == "grad"]
    if kinds == {"grad"} and all(one.missing for one in gradients):
        names = listed([one.name for one in gradients])
        return f"no gradient reaches {names} in the port: frozen or detached."
    if kinds <= {"grad", "loss"} and (found := _of_losses(wrong, gradients, batch)):
        return found
    return _of_inputs(wrong, bool(momenta)) if "loss" in kinds else ""


def _is_multiple(loss: Wrong, factor: float) -> bool:
    stray = _STRAYS * loss.noise * (1 + abs(factor))
    return loss.port is not None and np.allclose(loss.port, factor * loss.reference, _NOTHING, stray)


def _of_inputs(wrong: Sequence[Wrong], has_norms: bool) -> str:
    """The loss is another one: what stays as it is tells where to look."""
    states = [one for one in wrong if one.kind == "state"]
    still = [one for one in states if one.port is not None and one.before is not None]
    if states and len(still) == len(states) and all(map(_stays, still)):
        names = listed(list(dict.fromkeys(one.name.rpartition(".")[0] for one in still)))
        return f"the loss differs and the running statistics of {names} stay: they are in evaluation mode."
    if states or not has_norms:
        return ""
    return (
        "the loss differs and no running statistic does: look at the targets, at the loss itself, "
        "and at the layers behind the last norm."
    )


def _stays(one: Wrong) -> bool:
    return np.array_equal(np.asarray(one.port), np.asarray(one.before))


def _of_losses(wrong: Sequence[Wrong], gradients: Sequence[Wrong], batch: int) -> str:
    there = [(one, one.port) for one in gradients if one.port is not None]
    factor = one_factor([(one.reference, port) for one, port in there], [one.noise for one, _ in there])
    if factor is None:
        return ""
    said = f"every gradient that is wrong is {factor:.4g} times the reference's"
    losses = [one for one in wrong if one.kind == "loss"]
    if not losses:
        return f"{said}, and no loss is wrong: another multiple of the loss is differentiated."
    if not all(_is_multiple(one, factor) for one in losses):
        return ""
    why = ", the number of samples in a batch" if batch > 1 and abs(factor / batch - 1) < _WHOLE else ""
    return f"{said}, and so is the loss: the loss is multiplied by {factor:.4g}{why}."


def _of_norms(wrong: Sequence[Wrong], momenta: Mapping[str, float]) -> str:
    ways = [_ways(one) for one in wrong]
    names = listed(dict.fromkeys(one.name.rpartition(".")[0] for one in wrong))
    if any(way is None for way in ways):
        return ""
    known = [way for way in ways if way is not None]
    if all(np.linalg.norm(its) <= _NOTHING * np.linalg.norm(ours) for ours, its in known):
        return f"the running statistics of {names} are not updated."
    if all(one.name.endswith(_VARIANCE) for one in wrong):  # another momentum would change the mean, too
        biased = all(_is_biased(one, momenta.get(one.name.rpartition(".")[0])) for one in wrong)
        return f"the running variance of {names} takes the biased variance of the batch." if biased else ""
    noise = [one.noise for one in wrong]
    factor = one_factor(known, noise)
    if factor is None:
        return _each_kept(wrong, known, momenta, names)
    return _other_momentum(factor, names, {momenta.get(one.name.rpartition(".")[0]) for one in wrong})


def _each_kept(
    wrong: Sequence[Wrong], ways: Sequence[tuple[Array, Array]], momenta: Mapping[str, float], names: str
) -> str:
    """Norms of several momenta: each takes the share that it should keep."""
    of_each: dict[float, list[int]] = {}
    for place, one in enumerate(wrong):
        right = momenta.get(one.name.rpartition(".")[0])
        if not right:
            return ""
        of_each.setdefault(right, []).append(place)
    for right, places in of_each.items():
        factor = one_factor([ways[place] for place in places], [wrong[place].noise for place in places])
        if factor is None or not _is_kept_share(factor * right, right):
            return ""
    shares = ", ".join(f"{1 - right:.4g} for {right:g}" for right in sorted(of_each))
    return f"the momentum of {names} is the share that is kept, not the one that is taken: {shares}."


def _ways(one: Wrong) -> tuple[Array, Array] | None:
    """How far a buffer went on either side."""
    if one.before is None or one.port is None or not one.name.endswith(STATISTICS):
        return None
    return apart(one.reference, one.before), apart(one.port, one.before)


def _other_momentum(factor: float, names: str, momenta: set[float | None]) -> str:
    said = f"the momentum of {names} differs: running statistics go {factor:.6g} times as far"
    (right,) = momenta if len(momenta) == 1 else (None,)
    if right is None:
        return f"{said}."
    other = factor * right
    kept = _is_kept_share(other, right)
    why = ", the share that is kept in the place of the share that is taken" if kept else ""
    return f"the momentum of {names} is {other:.4g}, where the reference's is {right:g}{why}."


def _is_kept_share(momentum: float, right: float) -> bool:
    return abs(momentum - (1 - right)) < _NOTHING


def _is_biased(one: Wrong, momentum: float | None) -> bool:
    """Whether the batch's variance is (n - 1) / n of the unbiased one, with a whole n."""
    if not momentum or not one.name.endswith(_VARIANCE) or one.before is None or one.port is None:
        return False
    kept = (1 - momentum) * np.asarray(one.before, np.float64)
    factor = one_factor([(apart(one.reference, kept), apart(one.port, kept))], [one.noise])
    if factor is None or not 0 < factor < 1:
        return False
    count = 1 / (1 - factor)
    return abs(count - round(count)) <= _WHOLE * count


def listed(names: Sequence[str] | Mapping[str, None]) -> str:
    """Some names, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return f"{', '.join(listed[:_SHOWN])}{more}"
