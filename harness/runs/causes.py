"""`align explain`: the case of a stored alignment run again, and each source tried until it has a cause."""

from __future__ import annotations

import contextlib
import fnmatch
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.alignment import Alignment, Source
from harness.case import Case
from harness.errors import BadInput
from harness.progress import Progress
from harness.runs import explain
from harness.runs.request import CompareRequest
from harness.session import DEFAULT_TIMEOUT, scratch_folder
from harness.trace import Trace
from harness.verdict import parse_policy

if TYPE_CHECKING:
    from harness.runs.compare import Work

MOST = 8


def request_of(alignment: Alignment, **changes: Any) -> CompareRequest:
    """The request that made an alignment."""
    case = Case.from_dict(alignment.case)
    return CompareRequest(
        model=case.pair,
        variant=case.variant,
        layers=str(alignment.case.get("layers") or "all"),
        weights=case.weights,
        device=case.device,
        dtype=case.dtype,
        mode=case.mode,
        seed=case.seed,
        input_size=case.size,
        batch=case.batch,
        policy=parse_policy(alignment.policy),
        **changes,
    )


def explain_stored(
    alignment: Alignment, wanted: str | None, progress: Progress, timeout: float = DEFAULT_TIMEOUT
) -> Alignment:
    """Run the case of an alignment again and find the causes of its sources, or of those at `wanted`."""
    from harness.runs.compare import compare

    if alignment.case.get("reference"):
        raise BadInput(
            "this alignment was made with a stored trace in the reference's place; a cause is found by "
            "trying the reference's layers again, so compare without --reference first"
        )
    with scratch_folder() as folder:
        request = request_of(
            alignment,
            timeout=timeout,
            local="always",
            keep="none",
            output=Path(folder) / "run",
            explain=(wanted,) if wanted else (),
        )
        return compare(request, progress)


def add(work: Work, alignment: Alignment, inputs: Path) -> None:
    """Find the causes of an alignment's sources while its workers are alive."""
    if not alignment.local.get("ran"):
        return
    asked = work.request.explain or ("*",)
    started = time.perf_counter()
    with contextlib.ExitStack() as stack:
        reference = stack.enter_context(Trace.open(work.recorded["torch"].trace))
        bench = explain.Bench(
            worker=work.workers["torch"],
            inputs=inputs,
            state=work.state.result(),
            mode=work.case.mode,
            scratch=work.scratch,
            reference=reference,
            forced=stack.enter_context(Trace.open(work.scratch / "alone.h5")),
        )
        work.progress.event("torch", "state", text="trying hypotheses")
        chosen = [source for source in alignment.sources if _asked(source, asked)]
        if not chosen and work.request.explain:
            raise BadInput(_no_source(alignment, asked))
        explain.all_sources(bench, alignment, chosen[:MOST])
        work.progress.event("torch", "done")
    alignment.costs["explain"] = {"wall": time.perf_counter() - started}


def _asked(source: Source, asked: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for glob in asked for name in (source.address, *source.layers))


def _no_source(alignment: Alignment, asked: tuple[str, ...]) -> str:
    listed = ", ".join(source.address for source in alignment.sources) or "none"
    return f"no source of error is at {', '.join(asked)}; the sources are: {listed}"
