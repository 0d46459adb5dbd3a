"""`align explain`: the case of a stored alignment run again, and each source tried until it has a cause."""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import reports
from harness.alignment import Alignment
from harness.alignment_rows import Source
from harness.case import REFERENCE, Case
from harness.costs import Spent
from harness.errors import BadInput
from harness.flows import explain_steps, find_causes, stored_case
from harness.flows.compare import Compared, compare_live
from harness.flows.comparison import comparison
from harness.flows.reference_probe import ReferenceProbe
from harness.flows.request import CompareRequest
from harness.flows.stored_case import Typed
from harness.json_codec import short
from harness.progress import Progress
from harness.scratch import scratch_folder
from harness.trace import Trace
from harness.verdict import parse_policy

LEAST_SECONDS = 18.5


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
        dropout=case.dropout,
        policy=parse_policy(alignment.policy),
        timeout=typed.timeout,
        **changes,
    )


def explain_stored(alignment: Alignment, wanted: str | None, progress: Progress, typed: Typed) -> Alignment:
    """Run the case of an alignment again and find the causes of its sources, or of those at `wanted`.

    The search may take as long as that run; that for one source ends in less than 18 seconds.
    """
    if explain_steps.is_of_steps(alignment):
        return explain_steps.explain_steps(alignment, progress, typed)
    started = time.perf_counter()
    with compared_again(alignment, progress, typed) as compared:
        add_causes(compared, wanted, max(LEAST_SECONDS, time.perf_counter() - started))
    return compared.alignment


def keep_causes(stored: Alignment, explained: Alignment, path: Path) -> None:
    """Write the causes that were found into a stored alignment, and into the report beside it."""
    causes = {source.address: source for source in explained.sources if source.cause}
    for place, source in enumerate(stored.sources):
        found = causes.get(source.address, source)
        stored.sources[place] = dataclasses.replace(source, cause=found.cause, entries=found.entries)
    if not causes or not os.access(path, os.W_OK):
        return
    stored.costs.explain = explained.costs.explain
    stored.save(path, replace=True)
    report = path.with_name("report.html")
    if report.is_file():
        reports.write(stored, report, replace=True)


@contextlib.contextmanager
def compared_again(alignment: Alignment, progress: Progress, typed: Typed) -> Iterator[Compared]:
    """The case of an alignment compared again, isolated layers included, with workers that are alive."""
    if explain_steps.is_of_steps(alignment):
        raise BadInput("this alignment is of an optimiser's steps, in which no layer runs; use align explain")
    if alignment.case.get("reference"):
        raise BadInput(
            "this alignment was made with a stored trace in the reference's place; a cause is found by "
            "trying the reference's layers again, so compare without --reference first"
        )
    with scratch_folder() as folder:
        request = request_of(alignment, typed, isolated="always", keep="none", output=folder / "run")
        with comparison(request, progress) as live:
            yield compare_live(live, known=alignment.verdict == "diverged" and alignment.isolated.ran is True)


def add_causes(compared: Compared, wanted: str | None = None, seconds: float = 120.0) -> None:
    """Find the causes of an alignment's sources, for so long, while its workers are alive."""
    alignment, progress = compared.alignment, compared.live.progress
    if not alignment.isolated.ran:
        return
    started = time.perf_counter()
    with reference_probe(compared) as probe:
        progress.event(REFERENCE, "state", text="trying hypotheses")
        find_causes.explain_sources(probe, alignment, chosen_sources(alignment, wanted), seconds)
        progress.event(REFERENCE, "done")
    alignment.costs.explain = Spent(wall=time.perf_counter() - started)


@contextlib.contextmanager
def reference_probe(compared: Compared) -> Iterator[ReferenceProbe]:
    """What explanations ask, while the workers are alive."""
    live, recordings = compared.live, compared.recordings
    assert recordings.port is not None  # its layers ran alone
    with (
        Trace.open(recordings.sides[REFERENCE].trace) as reference,
        Trace.open(recordings.port, allow_incomplete=True) as port,
        Trace.open(recordings.isolated) as isolated,
        Trace.open(recordings.weights.path) as held,
    ):
        yield ReferenceProbe(
            worker=live.workers[REFERENCE],
            inputs=live.inputs,
            state=recordings.weights.path,
            mode=live.case.mode,
            scratch=live.scratch.folder,
            reference=reference,
            port=port,
            isolated=isolated,
            held=held,
        )


def chosen_sources(alignment: Alignment, wanted: str | None) -> list[Source]:
    """The sources at an address, a glob of addresses or a layer; all of them where none is asked for."""
    chosen = [source for source in alignment.sources if wanted is None or _is_at(source, wanted)]
    if wanted is not None and not chosen:
        listed = ", ".join(source.address for source in alignment.sources) or "none"
        raise BadInput(f"no source of error is at {wanted}; the sources are: {listed}")
    return chosen


def _is_at(source: Source, wanted: str) -> bool:
    names = (source.address, *source.layers)
    return any(wanted == name or fnmatch.fnmatchcase(name, wanted) for name in names)
