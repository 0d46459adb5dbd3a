"""Compares the optimisers of both sides: the same steps on the same gradients."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from harness import comparing
from harness.address import ROOT
from harness.alignment import Alignment
from harness.alignment_rows import Row, Source
from harness.case import PORT, REFERENCE
from harness.deviation import Deviation
from harness.diagnose import Cause
from harness.diagnose.optimisers import deviations
from harness.flows.compare import Compared
from harness.numerics import difference
from harness.requests import Load, TakeSteps
from harness.trace import Noise, Trace, TraceWriter
from harness.verdict import NoisePolicy, allowances

OPTIMISER = "(optimiser)"
_PLAN = (1.0, 1.0, 0.1, 0.1)  # a schedule that steps in the middle, or a late one would not show
_SAMPLES = 4096
# A step moves a parameter by few units in its last place, and it is rounded once a step: the usual floor of
# many such units would hide another second beta.
STEP_POLICY = NoisePolicy(ulps=2.0)
_NEARER = 0.1


def compare_steps(compared: Compared, deviation: Deviation | None = None) -> Alignment:
    """Let both sides take the recipe's steps from the same state; the port takes them with `deviation`."""
    ours, its = (
        compared.live.scratch.folder / "steps-torch.h5",
        compared.live.scratch.folder / "steps-jittor.h5",
    )
    truth = compared.live.scratch.folder / "steps-truth.h5"
    if not truth.exists():
        exact = compared.live.scratch.folder / "steps-float64.h5"
        step(compared, REFERENCE, ours)
        step(compared, REFERENCE, exact, dtype="float64")
        write_truth(ours, exact, truth)
    step(compared, PORT, its, deviation)
    with Trace.open(ours) as reference, Trace.open(its) as port, Trace.open(truth) as noise:
        return comparing.compare(reference, port, noise, STEP_POLICY, names=(REFERENCE, PORT))


def step(
    compared: Compared, side: str, path: Path, deviation: Deviation | None = None, dtype: str = "float32"
) -> None:
    """Let one side take the steps."""
    path.unlink(missing_ok=True)
    rate = compared.live.pair.recipe.lr
    worker = compared.live.workers[side]
    worker.call(Load(str(compared.recordings.weights.path)))
    worker.call(
        TakeSteps(
            gradients=str(compared.recordings.sides[REFERENCE].trace),
            rates=[rate * share for share in _PLAN],
            path=str(path),
            dtype=dtype,
            deviation=deviation or Deviation(),
        )
    )


def write_truth(single: Path, double: Path, path: Path) -> None:
    """The float64 run, with how far the float32 run is from it."""
    with (
        Trace.open(single) as ours,
        Trace.open(double) as exact,
        TraceWriter(path, {"dtype": "float64"}, compact=True, samples=_SAMPLES) as writer,
    ):
        for address in exact.records:
            right, rounded = np.array(exact.array(address)), np.array(ours.array(address))
            writer.add(address, right)
            apart = difference(right, rounded)
            writer.set_noise(address, Noise(apart.l2, apart.max_abs))


def explain_steps(compared: Compared, alignment: Alignment) -> tuple[list[Source], Cause]:
    """Where a wrong step is made, and why: deviations of the reference's optimiser are tried in turn."""
    wrong = [row for row in alignment.rows if row.verdict.status == "diverged"]
    if not wrong:
        return [], Cause(False, "")
    names = [row.address.partition(":")[2] for row in wrong]
    tried, recipe = 0, compared.live.pair.recipe
    for words, deviation in deviations(recipe.optimizer, recipe.options, names):
        tried += 1
        path = compared.live.scratch.folder / "steps-tried.h5"
        step(compared, REFERENCE, path, deviation)
        if _reproduces(compared, path, wrong):
            cause = Cause(True, f"the port's steps are {words}.", words, tried=tried)
            return [_source(wrong[0], _place(deviation.left_out))], cause
    cause = Cause(False, f"none of {tried} hypotheses reproduces the port's steps.", tried=tried)
    if 2 * len(wrong) > len(alignment.rows):
        return [_source(wrong[0], OPTIMISER)], cause
    return [_source(row, _place(name)) for row, name in zip(wrong, names, strict=True)], cause


def _place(parameter: str) -> str:
    return (parameter.rpartition(".")[0] or ROOT) if parameter else OPTIMISER


def _source(row: Row, place: str) -> Source:
    return Source(row.address, "state", [place], row.verdict.reason, row.verdict.ratio)


def _reproduces(compared: Compared, path: Path, wrong: list[Row]) -> bool:
    """Whether a trial ends where the port did, for every parameter that is not right."""
    with Trace.open(path) as trial, Trace.open(compared.live.scratch.folder / "steps-jittor.h5") as port:
        for row in wrong:
            assert row.measured is not None
            left, right = trial.array(row.address), port.array(row.address)
            assert left is not None
            assert right is not None
            apart = difference(left.reshape(-1), right.reshape(-1)).l2
            allowed = 2 * allowances(dataclasses.replace(row.measured, error_samples=0), STEP_POLICY)[0]
            if apart > allowed or apart > _NEARER * row.measured.difference.l2:
                return False
    return True
