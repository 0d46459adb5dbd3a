"""What a training came to, in the language in use.

A log keeps it in English. In another language it is composed from the same figures.
"""

from __future__ import annotations

import numpy as np

from harness.figures import ratio, scientific
from harness.language import ENGLISH, chosen, tr
from harness.training.log import Training
from harness.training.records import Finding, Forced
from harness.training.twins import FACTOR, LEAST_TWINS, JudgedGap
from reports.training_facts import judged, steps
from reports.words import count


def sentence(training: Training) -> str:
    """The result in full."""
    end = training.end
    if end is None:
        return tr("The training has not ended; {} are known so far.").format(
            count(len(steps(training)), "step")
        )
    if chosen() == ENGLISH or end.verdict == "failed":
        return end.sentence
    return " ".join([_checks(training, end.step, end.verdict), *map(free, judged(training))])


def free(found: JudgedGap) -> str:
    """The port's own run beside the twins."""
    what = tr(found.what)
    if chosen() == ENGLISH:
        return f"{found.sentence[:1].upper()}{found.sentence[1:]}."
    if not np.isfinite(found.band).any():
        return tr("{}: too few twins to show a band; {} or more are needed (--twins).").format(
            what, LEAST_TWINS
        )
    if found.outside is not None:
        place = int(np.flatnonzero(found.steps == found.outside)[0])
        far, band = float(found.gap[place]), float(found.band[place])
        times = far / band if band else np.inf
        known = tr(
            "{}: at step {} the port is {} from the reference, {:.3g} times as far as any twin: "
            "chaos does not explain it."
        )
        return known.format(what, found.outside, scientific(far), times)
    known_steps = found.steps if found.horizon is None else found.steps[found.steps < found.horizon]
    if not len(known_steps):
        return tr("{}: the twins part at once as far as training moves; nothing can be said.").format(what)
    return _inside(found, what, len(known_steps))


def _inside(found: JudgedGap, what: str, known: int) -> str:
    gap, band = found.gap[:known], found.band[:known]
    kept = band > 0
    most = float(np.max(gap[kept] / band[kept])) if kept.any() else 0.0
    if most > FACTOR:
        said = tr(
            "{}: the port leaves the twins' band, by single spikes, in one of two runs, or within the "
            "reference's noise where the port itself is: chaos."
        )
        return said.format(what)
    if found.horizon is None:
        said = tr(
            "{}: at every step the port strays by at most {:.1f} times what the twins do ({:g} are allowed)."
        )
        return said.format(what, most, FACTOR)
    said = tr(
        "{}: up to step {} the port strays by at most {:.1f} times what the twins do ({:g} are allowed); "
        "beyond it the twins part as much as training moves: inconclusive."
    )
    return said.format(what, int(found.steps[known - 1]), most, FACTOR)


def reason(one: Forced) -> str:
    """Why a forced step has its verdict."""
    worst = one.rows[0] if one.rows else None
    if one.cause or worst is None:
        return why(one) or one.sentence
    if chosen() == ENGLISH or worst.ratio is None:
        return worst.reason
    return tr("{} times what is allowed").format(ratio(worst.ratio))


def why(one: Forced) -> str:
    """What explains a forced step that did not align; empty where nothing does."""
    undecided = one.verdict == "inconclusive"
    if chosen() == ENGLISH or one.decided is None or not undecided:
        return one.cause or (one.sentence if undecided else "")
    return _undecided(one, one.decided)


def _undecided(one: Forced, decided: int) -> str:
    known = tr("{} of {} were decided.").format(decided, one.judged)
    if not one.cause:
        return known
    advice = tr("Try a larger --batch or --input-size, or trained --weights.")
    return f"{tr('float32 rounds too coarsely for this step:')} {known} {advice}"


def finding(one: Finding) -> str:
    """What may not be."""
    if chosen() == ENGLISH:
        return one.text
    if one.address.startswith("update:"):
        return tr("it moved, though nothing may move it in this step")
    return tr("not finite in {} alone").format(one.side)


def _checks(training: Training, taken: int, verdict: str) -> str:
    forced, number = training.forced, count(taken, "step")
    wrong = sum(one.verdict == "diverged" for one in forced) + len(training.findings)
    checks = len(forced) + len(training.findings)
    decided = sum(one.verdict != "inconclusive" for one in forced)
    if verdict == "diverged":
        return tr("{} of {} checks diverged in {}.").format(wrong, checks, number)
    if any(one.status == "suspect" for one in judged(training)):
        return tr("Every forced step aligned, yet the port's own run is suspect.")
    if not decided:
        return tr("No forced step was decided in {}.").format(number)
    if decided < len(forced):
        return tr("{} of {} forced steps aligned, the others are inconclusive.").format(decided, len(forced))
    return tr("All {} forced steps of {} aligned.").format(len(forced), number)
