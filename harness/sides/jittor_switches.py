"""What makes Jittor quicker or slower: its switches, and what is set now."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import jittor as jt

_FLAGS: dict[str, dict[str, int]] = {
    "eager": {"lazy_execution": 0},
    "amp_level_3": {"auto_mixed_precision_level": 3},
    "amp_level_6": {"auto_mixed_precision_level": 6},
}


def settings(device: str) -> dict[str, str]:
    """What decides Jittor's speed beyond the code."""
    switches = {
        "threads": os.environ.get("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0)))),
        "dtype": "float32",
        "deterministic": "False",
    }
    if device == "cuda":
        switches["tf32"] = str(bool(jt.flags.use_tensorcore))
    return switches


@contextlib.contextmanager
def switched(name: str) -> Iterator[None]:
    """One switch on, and off again at the end."""
    flags = _FLAGS[name]
    with jt.flag_scope(**flags):
        yield
