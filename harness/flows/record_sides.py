"""Records both sides of a comparison at once, and finds or measures the float64 truth of the case."""

from __future__ import annotations

from functools import partial

from harness.alignment_rows import SideReport
from harness.case import PORT, REFERENCE
from harness.dropout import NOTE, read_draws
from harness.errors import WorkerLost
from harness.flows import float64_cache, inputs_and_weights
from harness.flows.comparison import Comparison
from harness.flows.recordings import Recordings, Weights
from harness.flows.reference_noise import isolated_noise, kept_or_measured, trace_header, truth_path
from harness.flows.side_run import SideRun
from harness.flows.together import end_others, together
from harness.requests import MeasureTruth
from harness.session import Loss
from harness.state_table import StateTable
from harness.verdict import MetricPolicy

_REFERENCE_SECONDS = 30.0  # a reference that is at work may still be recorded when the port has failed


def record_sides(live: Comparison, known: bool = False) -> Recordings:
    """Run every side of a comparison at once; of a `known` case, no bare runs."""
    recordings = Recordings()
    if REFERENCE not in live.sides:
        recordings.reference_done.set()
        assert live.stored is not None
        recordings.dropout.tell(REFERENCE, read_draws(live.stored.trace.notes.get(NOTE)))
    together(live.workers, live.sides, partial(_record_guarded, live, recordings, known))
    return recordings


def _record_guarded(live: Comparison, recordings: Recordings, known: bool, side: str) -> None:
    """Run one side; a lost worker becomes a report and ends the other, anything else ends the comparison.

    A port that raised and still answers can be asked why, as long as the reference does.
    """
    worker = live.workers[side]
    asked = live.request.layers
    run = SideRun(worker, live.case, asked, live.progress, live.quiet, live.asked, known)
    run.agree = partial(recordings.dropout.agree, side)
    try:
        _record_side(live, run, recordings)
    except WorkerLost as error:
        if not (worker.stopped and side in recordings.sides):  # otherwise only its truth is missing
            recordings.lost[side] = _report(worker.loss(error))
            live.progress.event(side, "failed", text=str(error))
        _stop_waiting(live, side, recordings)
        if side == PORT:
            _save_what_was_recorded(run, recordings)
            if side in recordings.partly and REFERENCE in recordings.sides:
                return
        end_others(live.workers, side)
        if side == REFERENCE and PORT in recordings.sides:
            _save_what_was_recorded(run, recordings)
    except Exception:  # whatever it is, the other side must not wait for ever
        _stop_waiting(live, side, recordings)
        raise


def _save_what_was_recorded(run: SideRun, recordings: Recordings) -> None:
    """Have a lost side's tensors recorded up to where it failed, and the reference's to hold them against.

    The reference compiles nothing, so it is soon recorded; a port that compiles is not waited for.
    """
    side = run.worker.side
    if side in recordings.sides or run.worker.stopped:
        return
    if partly := run.record_again():
        recordings.partly[side] = partly
        if side != REFERENCE:
            recordings.reference_done.wait(_REFERENCE_SECONDS)


def _stop_waiting(live: Comparison, side: str, recordings: Recordings) -> None:
    recordings.dropout.tell(side, None)
    if side == live.sides[0]:
        recordings.refuse_weights(side)
    if side == REFERENCE:
        recordings.reference_done.set()


def _report(loss: Loss) -> SideReport:
    return SideReport(
        status="failed",
        error=loss.message,
        signal=loss.signal,
        last_layer=loss.last_layer,
        stderr_tail=loss.stderr_tail,
    )


def _record_side(live: Comparison, run: SideRun, recordings: Recordings) -> None:
    side, table = run.worker.side, run.build()
    if side == live.sides[0]:
        recordings.provide_weights(
            _make_weights(live, live.stored.state_table(table) if live.stored else table)
        )
    recordings.sides[side] = run.record(
        live.inputs,
        recordings.weights.path,
        partial(live.scratch.place, f"{side}.h5"),
        trace_header(live, recordings, side),
        isinstance(live.request.policy, MetricPolicy),
    )
    if side == REFERENCE:
        recordings.reference_done.set()
        _find_truth(live, recordings)


def _make_weights(live: Comparison, table: StateTable) -> Weights:
    state = inputs_and_weights.state_for(live.pair, live.case, table)
    path = inputs_and_weights.write(live.scratch.folder / "state.h5", "state", state)
    return Weights(path, inputs_and_weights.fingerprint(state))


def _find_truth(live: Comparison, recordings: Recordings) -> None:
    """The truth of this case: found in the cache, or measured now by the torch worker."""
    if live.case.dtype != "float32":
        return
    header = trace_header(live, recordings, REFERENCE)
    worker = live.workers[REFERENCE]
    path = truth_path(live.pair, header, worker, float64_cache.METHOD)
    if recordings.lost and not float64_cache.usable(path):
        return
    request = MeasureTruth(
        **vars(isolated_noise(live, recordings, path)), layers=live.request.layers, header=header
    )
    recordings.truth_cost = kept_or_measured(worker, request, live.progress, "float64 run and noise")
    recordings.truth = path
