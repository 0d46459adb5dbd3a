"""Traces of a reference, and of a port whose layers ran alone, that say whose result each call takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from harness.flows.forced_flow import Array, CallWith, ForcedFlow
from harness.trace import Record, Trace, TraceWriter


def nothing(path: str, call: int, given: Mapping[str, Array]) -> dict[str, Array]:
    """A reference that cannot repeat a call."""
    return {}


def flow_of(
    folder: Path,
    reference: Mapping[str, Record],
    given: Mapping[str, str],
    call_with: CallWith = nothing,
) -> ForcedFlow:
    """What is recorded of the reference, with numbers; the port has at some addresses what is at others."""
    draw = np.random.default_rng(5)
    with TraceWriter(folder / "reference.h5", {}) as writer:
        for name, record in reference.items():
            if record.alias is not None and record.alias in reference:
                writer.alias(name, record.alias)
            else:
                writer.add(name, draw.standard_normal(record.shape).astype(np.float32))
    ours = Trace.open(folder / "reference.h5")
    with TraceWriter(folder / "alone.h5", {}) as writer:
        for name, taken in given.items():
            array = ours.array(taken)
            assert array is not None
            writer.add(name, np.array(array))
    with TraceWriter(folder / "port.h5", {}) as writer:
        made = [name for name in ours.records if ours.records[name].alias is None and name not in given]
        for name in made:
            writer.add(name, np.array(ours.array(name)))
        for name in (name for name in ours.records if name not in made):
            taken = given.get(name, name)
            origin = ours.records[taken].alias or taken
            if origin in made:
                writer.alias(name, origin)
            else:
                writer.add(name, np.array(ours.array(taken)))
    port, alone = (Trace.open(folder / f"{name}.h5") for name in ("port", "alone"))
    return ForcedFlow(ours, port, alone, call_with)
