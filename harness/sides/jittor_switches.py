"""What makes Jittor quicker or slower: its switches, and what is set now."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import jittor as jt

_FLAGS: dict[str, dict[str, int]] = {
    "eager": {"lazy_execution": 0},
    **{f"amp_level_{level}": {"auto_mixed_precision_level": level} for level in range(3, 7)},
}


def settings(model: Any) -> dict[str, str]:
    """What decides Jittor's speed beyond the code, in the context in which the model is called."""
    level = int(jt.flags.auto_mixed_precision_level)
    dtypes = {str(value.dtype) for value in model.parameters()}
    return {
        "threads": os.environ.get("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0)))),
        "dtype": " and ".join(sorted(dtypes)) or "none",
        "amp": f"level {level}" if level > 2 or jt.flags.amp_reg else "off",
        "gradients": "not kept" if jt.flags.no_grad else "kept",
        "tf32": str(bool(jt.flags.use_tensorcore)),
        "channels_last": "False",  # Jittor has no memory formats
        "deterministic": "False",
    }


@contextlib.contextmanager
def switched(name: str) -> Iterator[None]:
    """One switch on, and off again at the end."""
    flags = _FLAGS[name]
    with jt.flag_scope(**flags):
        yield
