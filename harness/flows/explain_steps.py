"""`align explain` of compared steps: they are taken again, and hypotheses tried until one makes them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping

from harness.alignment import Alignment
from harness.case import Case
from harness.costs import Spent
from harness.diagnose import known
from harness.flows import stored_case
from harness.flows.compare_steps import TAG, alignment_of, done, stepping
from harness.flows.explain_step import explain_passes
from harness.flows.lockstep import Lockstep
from harness.flows.step_passes import JudgedPass, judged_passes
from harness.flows.stored_case import Typed
from harness.flows.train_request import TrainRequest
from harness.progress import Progress
from harness.scratch import scratch_folder
from harness.session import Worker

_WRONG, _RIGHT = 3, 1  # passes whose files are kept to try hypotheses on


def is_of_steps(alignment: Alignment) -> bool:
    """Whether an alignment is of steps."""
    return alignment.case.get("tag") == TAG


def request_of(alignment: Alignment, typed: Typed) -> TrainRequest:
    """The request that made it."""
    source = "this alignment"
    case = Case.from_dict(alignment.case, f"the case of {source}")
    stored_case.pair_of(case, typed.model, source)
    return TrainRequest(
        model=typed.model or case.pair,
        variant=case.variant,
        weights=stored_case.weights_of(case, typed.weights, source),
        device=case.device,
        seed=case.seed,
        input_size=case.size,
        batch=case.batch,
        timeout=typed.timeout,
    )


def explain_steps(
    alignment: Alignment, progress: Progress, typed: Typed, workers: Mapping[str, Worker] | None = None
) -> Alignment:
    """The same alignment made again, with the cause of its wrong steps."""
    with (
        scratch_folder() as folder,
        stepping(request_of(alignment, typed), folder, progress, workers) as live,
    ):
        passes, kept = _judged(judged_passes(live))
        found = alignment_of(live, passes)
        if kept:
            _add_cause(live, found, kept)
    return found


def _add_cause(live: Lockstep, alignment: Alignment, kept: list[JudgedPass]) -> None:
    started = time.perf_counter()
    cause = explain_passes(live, kept)
    alignment.sources = [
        dataclasses.replace(source, cause=cause, entries=known.of_step(cause)) for source in alignment.sources
    ]
    alignment.costs.explain = Spent(wall=time.perf_counter() - started)


def _judged(passes: Iterable[JudgedPass]) -> tuple[list[JudgedPass], list[JudgedPass]]:
    """All passes, and those of them to try hypotheses on: the first and the last of each kind."""
    every, wrong, right = list[JudgedPass](), list[JudgedPass](), list[JudgedPass]()
    for one in passes:
        every.append(one)
        alike, most = (wrong, _WRONG) if one.wrong else (right, _RIGHT)
        if len(alike) == most:
            done(alike.pop())
        alike.append(one)
    return every, sorted(wrong + right, key=lambda one: one.number) if wrong else []
