"""Putting a truth into the trace of the run that it belongs to."""

from __future__ import annotations

from pathlib import Path

from harness.errors import HarnessError
from harness.trace import _hdf5 as hdf5
from harness.trace._format import TRUTH


def carry(path: Path, truth: Path) -> None:
    """Put a truth, both of our own making, into a finished trace; where that fails the trace goes."""
    file = None
    try:
        file = hdf5.reopen(path)
        hdf5.copy_into(truth, file, TRUTH.encode())
        hdf5.close(file)
    except hdf5.ERRORS as error:
        if file is not None:
            hdf5.give_up(file, path)
        raise HarnessError(f"cannot put the float64 run into {path}: {error}") from error
