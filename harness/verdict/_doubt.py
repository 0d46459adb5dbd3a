"""Where a divergence rests on a guess and not on a measurement: a moderate one accuses nobody.

A fixed tolerance knows nothing of the depth of a network. A gradient that is zero in theory has no size that
rounding could be a share of. And where the noise is a good part of a tensor, it comes from a few units that
are turned over by rounding: the largest of some runs is no bound for the next. None of that excuses a gross
difference, and of nothing it makes a tensor aligned.
"""

from __future__ import annotations

import math
from dataclasses import replace

from harness import address as addresses
from harness.verdict._measured import Measured
from harness.verdict._policy import NoisePolicy
from harness.verdict._verdict import Verdict

WEAK_ABOVE = 0.1
"""The share of a tensor's size from which on its noise says little."""
_FLOAT32 = 2.0**-23


def is_noisy(measured: Measured) -> bool:
    """Whether the reference's own noise is so large there that agreement within it says little."""
    noise = measured.noise_l2
    return noise is not None and bool(measured.truth_l2) and noise > WEAK_ABOVE * (measured.truth_l2 or 0.0)


def doubted(address: str, verdict: Verdict, measured: Measured, policy: NoisePolicy) -> Verdict:
    """The same verdict, or `inconclusive` where it has diverged by a guess, and not grossly."""
    if verdict.status != "diverged" or verdict.ratio is None or not math.isfinite(verdict.ratio):
        return verdict
    why = _guess(measured)
    if not why or _is_gross(address, verdict.ratio, measured, policy):
        return verdict
    return replace(verdict, status="inconclusive", reason=f"{verdict.reason}; {why}, so it may be rounding")


def beyond_belief(measured: Measured) -> Measured | None:
    """The same with the noise that is believed, where a stored truth claims more than that; else None."""
    noise, ceiling = measured.noise_l2, measured.ceiling
    if noise is None or ceiling is None or noise <= ceiling:
        return None
    largest = (measured.noise_max or 0.0) * ceiling / noise
    return replace(measured, noise_l2=ceiling, noise_max=largest, ceiling=None)


def _guess(measured: Measured) -> str:
    """What the allowance was guessed from; empty where it was measured."""
    if measured.error_l2 is None:
        return "" if measured.eps < _FLOAT32 else "how much float32 strays here is not known"
    if measured.typical:
        return "the gradient is zero in theory"
    if is_noisy(measured):
        return f"the reference's own noise is above {WEAK_ABOVE:.0%} of the tensor"
    return ""


def _is_gross(address: str, ratio: float, measured: Measured, policy: NoisePolicy) -> bool:
    """Beyond the factor; without a truth also beyond a share of the whole tensor, or of its largest element.

    An element near zero may be the difference of large ones: a fixed tolerance knows nothing of their size.
    Rounding may change all of a gradient, where a few units are turned over.
    """
    if measured.error_l2 is not None:
        return ratio > policy.gross
    gradient = addresses.is_gradient(address)
    factor, share = (
        (policy.gross, 1.0) if gradient else (policy.gross_forward, policy.gross_forward * policy.rtol)
    )
    found = measured.difference
    large = found.l2 > share * found.reference_l2 or found.max_abs > share * found.reference_absmax
    return ratio > factor and large
