"""Takes several steps of an optimiser on given gradients, so that only the optimiser can differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.answers import StepsDone
from harness.deviation import Deviation
from harness.older_python import strict_zip
from harness.pairs.base import Arrays
from harness.sides.side import Side
from harness.state_table import learning
from harness.trace import Trace, TraceWriter

# Other gradients at every step, or momentum would not show.
FACTORS = (1.0, -0.5, 0.25, 2.0)


def take_steps(
    side: Side, gradients: Path, rates: Sequence[float], path: Path, dtype: str, how: Deviation
) -> StepsDone:
    """Step from the loaded state with the `grad:` tensors of a trace; the parameters go to a new one."""
    with Trace.open(gradients) as stored:
        given = {
            address.partition(":")[2]: np.array(stored.array(address), dtype)
            for address in stored.records
            if address.startswith("grad:")
        }
    given = {name: array for name, array in given.items() if array.any()}  # one of zeros may be none at all
    side.write_state(side.loaded_state)
    side.cast(dtype)
    side.set_mode("train")
    optimizer = side.make_optimizer(how.kind or None, how.options)
    if how.begun:
        side.begin_at(optimizer, how.begun)
    _steps(side, optimizer, given, how, rates)
    trainable = learning(side.state_table())
    with TraceWriter(path, {"side": side.name, "steps": len(rates)}) as writer:
        for key, array in side.read_state().items():
            if key in trainable:
                writer.add(f"state:{key}", array)
    side.write_state(side.loaded_state)
    side.cast("float32")
    return StepsDone(len(rates))


def _steps(side: Side, optimizer: Any, given: Arrays, how: Deviation, rates: Sequence[float]) -> None:
    kept = [group.get("eps") for group in optimizer.param_groups]
    total: Arrays = {}
    for turn, rate in enumerate(how.rates(rates)):
        factor = FACTORS[turn % len(FACTORS)]
        fresh = {name: array * array.dtype.type(factor) for name, array in given.items()}
        if how.accumulate:
            fresh = {name: array + total.get(name, array.dtype.type(0)) for name, array in fresh.items()}
            total = fresh
        if turn < how.skipped:
            continue
        for group, eps in strict_zip(optimizer.param_groups, kept):
            if eps is not None and how.corrected_eps:
                group["eps"] = how.eps(eps, group["betas"][1], turn + 1)
        side.hand_gradients({name: array for name, array in fresh.items() if name != how.left_out})
        side.apply_step(optimizer, rate)
