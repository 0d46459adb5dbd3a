"""In which order the ways to change a loss are tried to explain one difference of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain

from harness.answers import LossOperation, LossTried
from harness.diagnose import (
    code_edits,
    loss_checks,
    loss_functions,
    loss_given,
    loss_indices,
    loss_inserts,
    loss_neighbours,
    loss_pairs,
    loss_targets,
    losses,
)
from harness.flows.loss_trials import LossTrials, Trial, WantedLosses

_SHARE = 0.45  # of the time, so that what is left can be tried, too
_SMALL_SHARE = 0.2
Way = Callable[[], Iterator[tuple[Trial, LossTried]]]


def ways(
    trials: LossTrials, wanted: WantedLosses, whole: Sequence[LossOperation], with_gradient: bool
) -> list[Way]:
    """Ways to change a loss, the likeliest first; those with much freedom only where a gradient decides."""
    together, alone = trials.concerned(wanted, whole)
    computing = [one for one in alone if one.type != loss_indices.INDEX]
    computing_together = [one for one in together if one.type != loss_indices.INDEX]
    in_code = cache(lambda: code_edits.edits(trials.code, whole, together))

    def first(share: float) -> Iterator[tuple[Trial, LossTried]]:
        return trials.tried(chain(loss_pairs.settings(together), usual(alone)), share=share)

    def pairs(share: float) -> Iterator[tuple[Trial, LossTried]]:
        return trials.tried(loss_pairs.pairs(computing_together), share=share)

    def inserts() -> Iterator[tuple[Trial, LossTried]]:
        return trials.tried(chain(loss_given.edits(computing, trials.given), loss_inserts.edits(computing)))

    if not with_gradient:
        return [lambda: first(1.0), lambda: pairs(1.0), inserts]
    return [
        lambda: first(_SHARE),
        lambda: trials.tried(in_code().together, share=_SMALL_SHARE),
        lambda: pairs(_SMALL_SHARE),
        lambda: trials.tried(in_code().likely, share=_SHARE),
        lambda: trials.tried(in_code().formulas, share=_SHARE),
        lambda: trials.tried(losses.taken(whole, computing)),
        inserts,
        lambda: trials.tried(in_code().others, share=_SHARE),
        lambda: trials.tried(
            chain(loss_neighbours.overlaps(computing_together), loss_targets.combined(whole, computing))
        ),
        lambda: trials.tried(loss_inserts.in_all_uses(computing_together)),
        lambda: trials.tried(loss_pairs.everywhere(together, _each)),
        lambda: trials.solved(wanted, computing_together),
        lambda: trials.tried(loss_neighbours.neighbours(computing_together)),
    ]


def usual(operations: Sequence[LossOperation]) -> Iterator[Trial]:
    """What is done otherwise most often: an argument, a function, an axis, an index, what is compared."""
    computing = [one for one in operations if one.type != loss_indices.INDEX]
    return chain(
        losses.defaults(computing),
        loss_checks.edits(computing),
        losses.edits(computing),
        loss_targets.edits(computing),
        loss_functions.edits(computing),
        loss_indices.edits(operations),
    )


def _each(operations: Sequence[LossOperation]) -> Iterator[Trial]:
    computing = [one for one in operations if one.type != loss_indices.INDEX]
    return chain(usual(operations), loss_inserts.edits(computing))
