"""The requests that a worker takes, by name: what the side itself does, and functions over a side."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from harness.answers import CallDescription, DropoutPlanned, StepsDone, Times, TrialDone
from harness.deviation import Deviation
from harness.dropout import DropoutPlan
from harness.errors import BadInput
from harness.pairs.base import Mode
from harness.requests import AMPLE, Answer, CallChange, Request
from harness.sides import backward_through_call as through
from harness.sides import (
    call_code,
    float64_truth,
    isolated_run,
    layer_times,
    loss_edits,
    optimiser_steps,
    repeat_call,
    timing,
    training_verbs,
)
from harness.sides.captured_call import CapturedCall
from harness.sides.inject_fault import fault_effect, inject_fault
from harness.sides.side import Side
from harness.trace_header import TraceHeader

_OF_THE_SIDE = ("build", "load", "run", "backward")


def run_isolated(
    side: Side,
    inputs: str,
    mode: Mode,
    reference: str,
    addresses: list[str],
    trace: str,
    dtype: str = "float32",
    header: TraceHeader | None = None,
    partly: bool = False,
) -> Times:
    """Run every layer alone on the inputs that the reference recorded."""
    kept = header.to_dict() if header else {}
    return isolated_run.run_isolated(
        side, inputs, mode, Path(reference), addresses, Path(trace), dtype, kept, partly
    )


def capture_call(side: Side, inputs: str, mode: Mode, path: str, call: int, given: str) -> CallDescription:
    """Run forward and keep one call of one layer or operation; its inputs are written to the file `given`."""
    side.captured = repeat_call.capture_call(side, inputs, mode, path, call)
    repeat_call.write_call(side, side.captured, Path(given))
    return repeat_call.describe_call(side, side.captured)


def try_changes(side: Side, trials: list[CallChange], folder: str, seconds: float = AMPLE) -> list[TrialDone]:
    """Repeat the captured call once for each trial, with something changed."""
    return repeat_call.try_changes(side, _captured(side), trials, Path(folder), seconds)


def backward_through_call(
    side: Side, gradients: str, trials: list[CallChange], folder: str, seconds: float = AMPLE
) -> list[TrialDone]:
    """Take gradients backward through the captured call, once for each trial."""
    call = _captured(side)
    return through.backward_through_call(side, call, Path(gradients), trials, Path(folder), seconds)


def take_steps(
    side: Side,
    gradients: str,
    rates: list[float],
    path: str,
    dtype: str = "float32",
    deviation: Deviation | None = None,
) -> StepsDone:
    """Take steps of a new optimiser on the gradients of a trace."""
    return optimiser_steps.take_steps(
        side, Path(gradients), rates, Path(path), dtype, deviation or Deviation()
    )


def measure_truth(
    side: Side,
    inputs: str,
    mode: Mode,
    reference: str,
    path: str,
    scratch: str,
    samples: int,
    layers: str = "all",
    header: TraceHeader | None = None,
    slim: bool = False,
) -> Times:
    """Run in double precision and measure how far single precision strays from it.

    `slim` leaves out the gradients of layers, for goldens.
    """
    if not Path(reference).is_file():
        raise BadInput(f"{reference} is no trace: the truth is measured against the reference's own run")
    kept = header or TraceHeader()
    return float64_truth.measure(
        side, inputs, mode, Path(reference), Path(path), Path(scratch), samples, layers, kept, slim
    )


def measure_isolated(
    side: Side, inputs: str, mode: Mode, reference: str, path: str, scratch: str, samples: int
) -> Times:
    """Measure the noise that each layer makes alone, on the inputs that the reference recorded."""
    return float64_truth.measure_isolated(
        side, inputs, mode, Path(reference), Path(path), Path(scratch), samples
    )


def plan_dropout(side: Side, plan: DropoutPlan) -> DropoutPlanned:
    """Let dropouts drop by a plan from now on."""
    side.masks.plan = plan
    return DropoutPlanned(plan.treatment)


def _captured(side: Side) -> CapturedCall:
    if side.captured is None:
        raise BadInput("there is no call to repeat: capture one first")
    return side.captured


_FUNCTIONS: tuple[Callable[..., Any], ...] = (
    run_isolated,
    capture_call,
    try_changes,
    backward_through_call,
    take_steps,
    measure_truth,
    measure_isolated,
    plan_dropout,
    inject_fault,
    fault_effect,
    *loss_edits.VERBS,
    *call_code.VERBS,
    *training_verbs.VERBS,
    *timing.VERBS,
    *layer_times.VERBS,
)
_OVER_A_SIDE = {function.__name__: function for function in _FUNCTIONS}
_TIMED = {function.__name__ for function in (*timing.VERBS, *layer_times.VERBS)}


def function_of(side: Side, verb: str) -> Callable[..., Any]:
    """What carries out a verb; it takes the fields of the request by their names."""
    if verb in _OF_THE_SIDE:
        function: Callable[..., Any] = getattr(side, verb)
        return function
    return partial(_OVER_A_SIDE[verb], side)


def call_verb(side: Side, request: Request[Answer]) -> Answer:
    """Carry out one request. Dropouts drop by a plan alone, and as they are where the model is timed."""
    arguments = {field.name: getattr(request, field.name) for field in fields(request)}  # type: ignore[arg-type]
    dropping = contextlib.nullcontext() if request.verb in _TIMED else side.dropping()
    with dropping:
        found: Answer = function_of(side, request.verb)(**arguments)
    return found
