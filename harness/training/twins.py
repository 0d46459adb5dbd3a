"""Whether a port strays from the reference as the reference strays from itself.

A twin is a run of the reference from weights moved by their last bit: how far it strays shows what chaos
alone does. The twins' band at a step is the largest gap of any twin at the steps around it. A port inside a
few times the band strays by chaos; outside it is suspect. Where the band reaches the size of the signal
nothing can be said any more: that is the horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FACTOR = (
    10.0  # beyond the band that a port may be: its sums are in another order, a twin's only start elsewhere
)
WINDOW = 0.25  # of a step's number, before and after it, whose gaps make its band
LEAST_WINDOW = 2
RESOLUTION = 16 * 2.0**-24  # gaps in a loss below this are rounding of the loss itself
PERSISTENCE, OF_STEPS = 3, 5  # steps outside, of so many in a row, that are no single spike
SIGNAL = 0.5  # of the signal, where the horizon is
LEAST_TWINS = 2

Status = Literal["chaos", "suspect", "inconclusive"]


@dataclass(frozen=True)
class Curves:
    """A figure by step: of the reference, of the port, and of each twin (twins x steps)."""

    reference: Floats
    port: Floats
    twins: Floats


@dataclass(frozen=True, eq=False)
class JudgedGap:
    """A gap by step beside the twins' band. `horizon` is the first step that says nothing, if there is one.

    `outside` is the first step outside up to there.
    """

    what: str
    steps: NDArray[np.int64]
    gap: Floats
    band: Floats
    limit: Floats
    horizon: int | None
    outside: int | None
    status: Status
    sentence: str


def relative_gap(one: Floats, other: Floats) -> Floats:
    """|log one / other|, or the relative difference if one is not positive; infinite if one is not finite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.abs(np.log(one) - np.log(other))
        shares = np.abs(one - other) / np.maximum(np.maximum(np.abs(one), np.abs(other)), 1e-300)
    gap = np.where((one > 0) & (other > 0), logs, shares)
    lone = np.isfinite(one) != np.isfinite(other)
    both = ~np.isfinite(one) & ~np.isfinite(other)
    return np.where(lone, np.inf, np.where(both, 0.0, gap))


def judge_losses(losses: Curves, factor: float = FACTOR) -> JudgedGap:
    """The gap of the port's loss. The signal is how much the reference's own changes from step to step."""
    gap = relative_gap(losses.port, losses.reference)
    twins = np.array([relative_gap(twin, losses.reference) for twin in losses.twins])
    changes = relative_gap(losses.reference[1:], losses.reference[:-1])
    signal = np.full(len(gap), np.median(changes[np.isfinite(changes)]) if len(changes) else np.inf)
    band = _band(twins, np.arange(len(gap)), RESOLUTION)
    return _judged(
        "loss", gap, band, np.maximum(signal, RESOLUTION), np.arange(len(gap)), factor, PERSISTENCE
    )


def judge_weights(
    distance: Floats,
    twins: Floats,
    moved: Floats,
    steps: Sequence[int] | None = None,
    factor: float = FACTOR,
) -> JudgedGap:
    """The distance of the port's weights, at all steps or some. The signal is how far the reference's moved.

    A distance adds up what came before: it has no spikes, and one step outside will do.
    """
    at = np.arange(len(distance)) if steps is None else np.asarray(steps)
    return _judged("weights", distance, _band(twins, at, 0.0), moved, at, factor, 1)


def _band(twins: Floats, steps: NDArray[np.int64], least: float) -> Floats | None:
    return np.maximum(smoothed_band(twins, steps), least) if len(twins) >= LEAST_TWINS else None


def _judged(
    what: str,
    gap: Floats,
    band: Floats | None,
    signal: Floats,
    steps: NDArray[np.int64],
    factor: float,
    persistence: int,
) -> JudgedGap:
    if band is None or not len(gap):
        empty = np.full(len(gap), np.nan)
        sentence = f"{what}: too few twins to show a band; {LEAST_TWINS} or more are needed (--twins)"
        return JudgedGap(what, steps, gap, empty, empty, None, None, "inconclusive", sentence)
    limit = factor * band
    end = _first(band >= SIGNAL * signal)
    judged = len(gap) if end is None else end
    outside = first_outside(gap[:judged], limit[:judged], persistence)
    status, sentence = _said(what, gap, band, judged, outside, steps, factor)
    horizon, first = (None if place is None else int(steps[place]) for place in (end, outside))
    return JudgedGap(what, steps, gap, band, limit, horizon, first, status, sentence)


def agreed(first: JudgedGap, again: JudgedGap) -> JudgedGap:
    """What two runs of the port say together; the second began with weights moved by their last bit.

    A kink, as of a ReLU, that rounding passes on another side throws a run far off its course, now and then.
    It does not do so to both: a port is suspect where both are.
    """
    if first.status != "suspect" or again.status == "suspect":
        return first
    sentence = (
        f"{first.what}: the port leaves the twins' band at step {first.outside}, and once more from weights "
        "moved by their last bit it does not: chaos"
    )
    return replace(first, status="chaos", outside=None, sentence=sentence)


def excused(judged: JudgedGap, first: int) -> JudgedGap:
    """A suspicion taken back: from `first` on the port's steps are right from where the port itself was."""
    sentence = (
        f"{judged.what}: the port leaves the twins' band at step {judged.outside}, and its steps from "
        f"{first} to there are right from where it was itself, within the reference's noise there: chaos"
    )
    return replace(judged, status="chaos", outside=None, sentence=sentence)


def smoothed_band(twins: Floats, steps: NDArray[np.int64]) -> Floats:
    """The largest gap of any twin at the steps around each; one that is not finite counts as infinite."""
    largest = np.where(np.isnan(twins), np.inf, twins).max(axis=0)
    reach = np.maximum(LEAST_WINDOW, WINDOW * steps)
    first = np.searchsorted(steps, steps - reach, side="left")
    last = np.searchsorted(steps, steps + reach, side="right")
    return np.array([largest[low:high].max() for low, high in zip(first, last, strict=True)])


def first_outside(gap: Floats, limit: Floats, persistence: int = PERSISTENCE) -> int | None:
    """The first step outside that is no single spike, or that is a spike of a size that is no chance."""
    outside = gap > limit
    wild = gap > FACTOR * limit
    for place in np.flatnonzero(outside):
        run = outside[place : place + OF_STEPS]
        if wild[place] or run.sum() >= min(persistence, len(outside)):
            return int(place)
    return None


def _first(found: NDArray[np.bool_]) -> int | None:
    return int(np.argmax(found)) if found.any() else None


def _said(
    what: str,
    gap: Floats,
    band: Floats,
    judged: int,
    outside: int | None,
    steps: NDArray[np.int64],
    factor: float,
) -> tuple[Status, str]:
    if outside is not None:
        with np.errstate(divide="ignore"):
            times = gap[outside] / band[outside]
        return "suspect", (
            f"{what}: at step {steps[outside]} the port is {gap[outside]:.1e} from the reference, "
            f"{times:.3g} times as far as any twin: chaos does not explain it"
        )
    if not judged:
        return "inconclusive", f"{what}: the twins part at once as far as training moves; nothing can be said"
    kept = band[:judged] > 0
    ratio = float(np.max(gap[:judged][kept] / band[:judged][kept])) if kept.any() else 0.0
    ends = judged < len(gap)
    until = f"up to step {steps[judged - 1]}" if ends else "at every step"
    beyond = "; beyond it the twins part as much as training moves: inconclusive" if ends else ""
    return "chaos", (
        f"{what}: {until} the port strays by at most {ratio:.1f} times what the twins do "
        f"({factor:g} are allowed){beyond}"
    )


def growth(judged: JudgedGap) -> float:
    """How fast the band grows: the slope of its logarithm by step, up to the horizon."""
    kept = (judged.band > 0) & np.isfinite(judged.band)
    if judged.horizon is not None:
        kept &= judged.steps < judged.horizon
    if kept.sum() < 3:
        return float("nan")
    return float(np.polyfit(judged.steps[kept], np.log(judged.band[kept]), 1)[0])
