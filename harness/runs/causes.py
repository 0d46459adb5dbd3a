"""`align explain`: the case of a stored alignment run again, and each source tried until it has a cause."""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.alignment import Alignment, Source
from harness.case import Case
from harness.errors import BadInput
from harness.plain import short
from harness.progress import Progress
from harness.runs import explain, stored_case
from harness.runs.request import CompareRequest
from harness.runs.stored_case import Typed
from harness.scratch import scratch_folder
from harness.trace import Trace
from harness.verdict import parse_policy

if TYPE_CHECKING:
    from harness.runs.compare import After, Work

MOST = 8


def request_of(alignment: Alignment, typed: Typed, **changes: Any) -> CompareRequest:
    """The request that made an alignment."""
    source = "this alignment"
    case = Case.from_dict(alignment.case, f"the case of {source}")
    stored_case.pair_of(case, typed.model, source)
    layers = alignment.case.get("layers") or "all"
    if not isinstance(layers, str):
        raise BadInput(f"the case of {source} is damaged: layers is {short(layers)}, it should be a text")
    return CompareRequest(
        model=typed.model or case.pair,
        variant=case.variant,
        layers=layers,
        weights=stored_case.weights_of(case, typed.weights, source),
        device=case.device,
        dtype=case.dtype,
        mode=case.mode,
        seed=case.seed,
        input_size=case.size,
        batch=case.batch,
        policy=parse_policy(alignment.policy),
        timeout=typed.timeout,
        **changes,
    )


def explain_stored(alignment: Alignment, wanted: str | None, progress: Progress, typed: Typed) -> Alignment:
    """Run the case of an alignment again and find the causes of its sources, or of those at `wanted`."""
    return again(alignment, functools.partial(add, asked=wanted), progress, typed)


def again(alignment: Alignment, after: After, progress: Progress, typed: Typed) -> Alignment:
    """Run the case of an alignment again, layers alone included; `after` is called while workers live."""
    from harness.runs.compare import compare

    if alignment.case.get("reference"):
        raise BadInput(
            "this alignment was made with a stored trace in the reference's place; a cause is found by "
            "trying the reference's layers again, so compare without --reference first"
        )
    with scratch_folder() as folder:
        request = request_of(alignment, typed, local="always", keep="none", output=folder / "run")
        return compare(request, progress, after)


def add(work: Work, alignment: Alignment, inputs: Path, asked: str | None = None) -> None:
    """Find the causes of an alignment's sources while its workers are alive."""
    if not alignment.local.get("ran"):
        return
    started = time.perf_counter()
    with bench_of(work, inputs) as bench:
        work.progress.event("torch", "state", text="trying hypotheses")
        chosen = chosen_sources(alignment, asked)
        explain.all_sources(bench, alignment, chosen[:MOST])
        work.progress.event("torch", "done")
    alignment.costs["explain"] = {"wall": time.perf_counter() - started}


@contextlib.contextmanager
def bench_of(work: Work, inputs: Path) -> Iterator[explain.Bench]:
    """What explanations work with, while the workers live."""
    with (
        Trace.open(work.recorded["torch"].trace) as reference,
        Trace.open(work.forced) as forced,
    ):
        yield explain.Bench(
            worker=work.workers["torch"],
            inputs=inputs,
            state=work.state.result(),
            mode=work.case.mode,
            scratch=work.scratch,
            reference=reference,
            forced=forced,
        )


def chosen_sources(alignment: Alignment, asked: str | None) -> list[Source]:
    """The sources at an address, a glob of addresses or a layer; all of them where none is asked for."""
    chosen = [source for source in alignment.sources if asked is None or _at(source, asked)]
    if asked is not None and not chosen:
        listed = ", ".join(source.address for source in alignment.sources) or "none"
        raise BadInput(f"no source of error is at {asked}; the sources are: {listed}")
    return chosen


def _at(source: Source, asked: str) -> bool:
    return any(asked == name or fnmatch.fnmatchcase(name, asked) for name in (source.address, *source.layers))
