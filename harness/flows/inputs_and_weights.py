"""What both sides are fed: the inputs and the state, drawn once, written to trace files, fingerprinted."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.case import Case
from harness.errors import BadInput, NoEnvironment
from harness.pairs.base import Arrays, Pair
from harness.regular_file import open_regular, require_unchanged, version
from harness.scratch import scratch_folder
from harness.state_table import StateTable
from harness.trace import TraceWriter

_PIECE = 8 << 20
_OF_A_TRAINING = ("state:", "optimizer:", "sum:", "ema:")


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


def require_readable(pair: Pair, weights: str) -> None:
    """Refuse weights that cannot be read, before any side is started."""
    if weights != "seeded":
        _from_file(pair, weights)


def state_for(pair: Pair, case: Case, table: StateTable) -> Arrays:
    """The weights a case asks for: drawn, or read from a checkpoint."""
    if case.weights == "seeded":
        if pair.seeded_state is not None:
            return pair.seeded_state(pair.variant(case.variant), case.seed, table)
        return draw_state(pair, case.seed, table)
    return _from_file(pair, case.weights)


def _from_file(pair: Pair, weights: str) -> Arrays:
    path = Path(weights)
    if not path.is_file():
        raise BadInput(f"--weights {weights}: no such file; give a checkpoint or the word seeded")
    return _read_weights(path, pair)


def _read_weights(path: Path, pair: Pair) -> Arrays:
    """The arrays of a checkpoint. A copy is read: what others cut short while it is mapped ends a process."""
    from weight_convert import read_state

    with scratch_folder() as folder:
        copy = folder / "weights"
        _copy_unchanged(path, copy)
        try:
            return _trained(dict(read_state(copy, strip_prefixes=pair.checkpoint_prefixes).arrays))
        except BadInput as error:
            raise BadInput(str(error).replace(str(copy), str(path))) from error


def _trained(arrays: Arrays) -> Arrays:
    """The weights in a checkpoint of `align train`, averaged where it has averages; others as they are."""
    if not arrays or not all(name.startswith(_OF_A_TRAINING) for name in arrays):
        return arrays
    kinds: dict[str, Arrays] = {"state": {}, "ema": {}}
    for name, array in arrays.items():
        kind, _, key = name.partition(":")
        if kind in kinds:
            kinds[kind][key] = array
    return {**kinds["state"], **kinds["ema"]}


def _copy_unchanged(path: Path, copy: Path) -> None:
    """Copy a regular file; BadInput where it changes meanwhile, NoEnvironment where there is no room."""
    with os.fdopen(open_regular(path), "rb") as source:
        before = version(source.fileno())
        try:
            with copy.open("xb") as target:
                shutil.copyfileobj(source, target, _PIECE)
        except OSError as error:
            raise NoEnvironment(
                f"{path} cannot be copied to {copy.parent}: {error.strerror}. Free some space, or set TMPDIR"
            ) from error
        require_unchanged(path, before)
