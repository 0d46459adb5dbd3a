"""Traces: the record of one case on one side, in one HDF5 file. See `TraceWriter` and `Trace`."""

from __future__ import annotations

from harness.numerics import Stats
from harness.trace._carrying import carry
from harness.trace._format import TensorForm
from harness.trace._reader import Trace
from harness.trace._record import Noise, Record
from harness.trace._writer import TraceWriter

__all__ = ["Noise", "Record", "Stats", "TensorForm", "Trace", "TraceWriter", "carry"]
