"""A batch as a file that both workers read: the `input:` tensors of a trace."""

from __future__ import annotations

from pathlib import Path

from harness.pairs.base import Arrays
from harness.trace import Trace, TraceWriter


def write_batch(path: Path, arrays: Arrays) -> Path:
    """Write the arrays of a batch."""
    with TraceWriter(path, {"kind": "input"}) as writer:
        for name, array in arrays.items():
            writer.add(f"input:{name}", array)
    return path


def read_batch(path: Path) -> Arrays:
    """The arrays of a batch; they stay valid when the file goes."""
    with Trace.open(path) as trace:
        return trace.inputs()
