"""What both sides are fed: the inputs and the state, drawn once, written to trace files, fingerprinted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.case import Case
from harness.errors import BadInput
from harness.pairs.base import Arrays, Pair
from harness.state_table import StateTable
from harness.trace import TraceWriter


def fingerprint(arrays: Mapping[str, Any]) -> str:
    """A digest of named arrays: their names, shapes, dtypes and every bit."""
    digest = hashlib.sha256()
    for name, array in arrays.items():
        plain = np.asarray(array)
        digest.update(f"{name}{plain.shape}{plain.dtype.str}".encode())
        digest.update(np.ascontiguousarray(plain).tobytes())
    return digest.hexdigest()[:20]


def write(path: Path, kind: str, arrays: Arrays) -> Path:
    """Write arrays as the `KIND:` tensors of a trace file."""
    with TraceWriter(path, {"kind": kind}) as writer:
        for name, array in arrays.items():
            writer.add(f"{kind}:{name}", array)
    return path


def draw_state(pair: Pair, seed: int, table: StateTable) -> Arrays:
    """Seeded weights for every key of a state table."""
    return {entry.key: pair.weight_rule(seed, entry.key, entry.shape) for entry in table}


def state_for(pair: Pair, case: Case, table: StateTable) -> Arrays:
    """The weights a case asks for: drawn, or read from a checkpoint."""
    if case.weights == "seeded":
        if pair.seeded_state is not None:
            return pair.seeded_state(pair.variant(case.variant), case.seed, table)
        return draw_state(pair, case.seed, table)
    path = Path(case.weights)
    if not path.is_file():
        raise BadInput(f"--weights {case.weights}: no such file; give a checkpoint or the word seeded")
    from weight_convert import read_state

    return dict(read_state(path, strip_prefixes=pair.checkpoint_prefixes).arrays)
