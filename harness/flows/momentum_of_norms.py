"""Other momenta of norms, tried on the reference.

A norm that is called once in a pass goes a multiple of the reference's way, and that is read off its buffers
(`harness.diagnose.passes`). One that is called twice does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.alignment_rows import Row
from harness.case import REFERENCE
from harness.diagnose.passes import STATISTICS, listed
from harness.flows.forced_steps import StepFiles
from harness.flows.lockstep import Lockstep
from harness.flows.reproduced_step import reproduces
from harness.flows.step_hypotheses import array_of
from harness.requests import ForcedStep, InjectFault
from harness.trace import Trace

_USUAL = (0.1, 0.01, 0.03, 0.001, 0.9, 0.99, 0.97)


def cause_of_momenta(
    live: Lockstep, number: int, batch: Path, files: StepFiles, wrong: Sequence[Row], rows: Sequence[Row]
) -> str:
    """The momentum with which the reference's norms go where the port's went; empty where none does.

    `rows` are all of the pass: statistics of other norms must stay right.
    """
    paths = list(dict.fromkeys(_norm_of(row) for row in wrong))
    right = {path: value for path, value in live.momenta().items() if path in paths}
    if len(right) < len(paths) or not all(row.address.endswith(STATISTICS) for row in wrong):
        return ""
    statistics = [row for row in rows if row.address.endswith(STATISTICS)]
    for words, other in _others(right):
        made = _taken(live, number, batch, files, right, other)
        with Trace.open(made) as ours, Trace.open(files.port) as its:
            if all(reproduces(array_of(ours, r.address), array_of(its, r.address), r) for r in statistics):
                return f"the momentum of {listed(paths)} is {words}."
    return ""


def _norm_of(row: Row) -> str:
    return row.address.partition(":")[2].rpartition(".")[0]


def _others(right: Mapping[str, float]) -> Iterator[tuple[str, dict[str, float]]]:
    values = sorted(set(right.values()))
    kept = ", ".join(f"{1 - value:.4g} for {value:g}" for value in values)
    yield (
        f"the share that is kept, not the one that is taken: {kept}",
        {path: 1 - value for path, value in right.items()},
    )
    told = " and ".join(f"{value:g}" for value in values)
    for value in _USUAL:
        if values != [value]:
            yield f"{value:g}, where the reference's is {told}", dict.fromkeys(right, value)


def _taken(
    live: Lockstep,
    number: int,
    batch: Path,
    files: StepFiles,
    right: Mapping[str, float],
    other: Mapping[str, float],
) -> Path:
    """The pass of the step by the reference with other momenta, which it gives back."""
    made, steps = live.scratch.file("momenta-pass.h5"), live.scratch.file("momenta-steps.h5")
    for path in (made, steps):
        path.unlink(missing_ok=True)
    _set(live, other)
    try:
        request = ForcedStep(str(files.memory), str(batch), live.uses(number), str(made), str(steps))
        live.workers[REFERENCE].call(request)
    finally:
        _set(live, right)
    return made


def _set(live: Lockstep, momenta: Mapping[str, float]) -> None:
    for path, value in momenta.items():
        live.workers[REFERENCE].call(InjectFault("momentum", path, {"momentum": value}))
