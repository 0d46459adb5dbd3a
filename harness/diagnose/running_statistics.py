"""Hypotheses: a running statistic is updated by another rule, or by other calls of its module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial

UPDATED_AGAIN = "the reference's with the update applied"
_TIMES = (2, 3, 4)  # how often a running statistic may be updated in one pass
_MOMENTA = (*(tenths / 1000 for tenths in range(1, 10)), *(part / 100 for part in range(1, 100)), 0.999, 1.0)


@dataclass(frozen=True)
class Update:
    """The step of a running statistic: its value before, its momentum, and what its module is given.

    `count` is how many values a channel has in one call; `given` holds the input of each call in their order,
    or nothing where they are not known.
    """

    name: str
    before: Array
    momentum: float | None
    count: int = 0
    given: Sequence[Array] = ()


def trials(evidence: DifferingLayer, update: Update) -> Iterator[Trial]:
    """First what needs no number, then another momentum."""
    yield Trial("what it was before the step: it is not updated", predicted=update.before)
    if len(update.given) > 1 and update.momentum:
        yield from _of_several_calls(evidence, update, update.momentum)
    else:
        yield from _of_one_call(evidence, update)


def _of_one_call(evidence: DifferingLayer, update: Update) -> Iterator[Trial]:
    """The reference's own step tells the statistics of the batch."""
    old, dtype = update.before.astype(np.float64), evidence.port.dtype
    step = evidence.reference.astype(np.float64) - old
    if update.count > 1:
        biased = old + step
        if update.momentum is not None:
            variance = old + step / update.momentum
            share = update.momentum * (update.count - 1) / update.count
            biased = (1 - update.momentum) * old + share * variance
        yield _biased(biased.astype(dtype))
    yield from _updated_again(evidence, old, step, update.momentum)
    size = float(np.sum(step * step))
    if size and update.momentum and len(np.unique(step)) > 1:  # a number fits any one channel
        factor = float(np.sum(step * (evidence.port.astype(np.float64) - old))) / size
        yield Trial(_with_momentum(update.momentum * factor), predicted=(old + factor * step).astype(dtype))


def _biased(predicted: Array) -> Trial:
    words = "the reference's with the biased variance (divided by n, not n - 1)"
    return Trial(words, predicted=predicted, entry="running-var-biased")


def _with_momentum(momentum: float) -> str:
    return f"the reference's updated with momentum {momentum:.4g}"


def _updated_again(
    evidence: DifferingLayer, old: Array, step: Array, momentum: float | None
) -> Iterator[Trial]:
    """The update applied several times, each time by the same statistics; a counter counts each."""
    counts = evidence.port.dtype.kind in "iu"
    if not counts and (not momentum or len(np.unique(step)) < 2):  # a number fits any one channel
        return
    for times in _TIMES:
        share = float(times) if counts or not momentum else (1 - (1 - momentum) ** times) / momentum
        once = "" if counts or not momentum else f" (or once with momentum {momentum * share:.4g})"
        words = f"{UPDATED_AGAIN} {times} times, not once{once}"
        made = np.asarray(old + share * step).astype(evidence.port.dtype)
        yield Trial(words, predicted=made, says_itself=True)


def _of_several_calls(evidence: DifferingLayer, update: Update, momentum: float) -> Iterator[Trial]:
    """The statistics of each call are computed; they have to give the reference's own step."""
    old, dtype = update.before.astype(np.float64), evidence.port.dtype
    if old.ndim != 1 or not update.name.endswith(("running_mean", "running_var")):
        return
    found = _by_call(update, ddof=1)
    own = _updated(old, found, momentum)
    if float(np.linalg.norm(own - evidence.reference)) > evidence.floor or len(np.unique(own)) < 2:
        return
    if update.name.endswith("running_var"):
        yield _biased(_updated(old, _by_call(update, ddof=0), momentum).astype(dtype))
    for words, calls in _other_calls(found):
        yield Trial(
            f"the reference's updated by {words}", predicted=_updated(old, calls, momentum).astype(dtype)
        )
    for other in _MOMENTA:
        yield Trial(_with_momentum(other), predicted=_updated(old, found, other).astype(dtype))


def _by_call(update: Update, ddof: int) -> list[Array]:
    """The mean or the variance of a channel in each call."""
    values = [
        np.moveaxis(given, 1, 0).reshape(given.shape[1], -1).astype(np.float64) for given in update.given
    ]
    if update.name.endswith("running_mean"):
        return [value.mean(1) for value in values]
    return [value.var(1, ddof=min(ddof, value.shape[1] - 1)) for value in values]


def _updated(old: Array, by_call: Sequence[Array], momentum: float) -> Array:
    for statistic in by_call:
        old = (1 - momentum) * old + momentum * statistic
    return old


def _other_calls(found: Sequence[Array]) -> Iterator[tuple[str, Sequence[Array]]]:
    """Fewer calls than there are, each by its number, or all of them in the opposite order."""
    for number, one in enumerate(found):
        if len(found) > 2:
            yield (
                f"all of its {len(found)} calls but call {number}",
                [other for place, other in enumerate(found) if place != number],
            )
        yield f"call {number} alone of its {len(found)} calls", [one]
    yield f"its {len(found)} calls in the opposite order", found[::-1]
