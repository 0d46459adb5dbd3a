"""Averages of a model's state over its training."""

from __future__ import annotations

import jittor as jt

from ports_jittor.torchlike._common import constant
from ports_jittor.torchlike.state import change


def average_into(average: jt.nn.Module, model: jt.nn.Module, decay: float) -> None:
    """average = decay * average + (1 - decay) * model for all floating entries, buffers included.

    Written out in Jittor, such a line keeps the graph of every update alive.
    """
    old, new = average.state_dict(), model.state_dict()
    if old.keys() != new.keys():
        raise ValueError(f"the average and the model differ in {sorted(old.keys() ^ new.keys())[:5]}")
    changed = [(old[key], new[key]) for key in old if old[key].dtype.is_float()]
    with jt.no_grad():
        for mean, value in changed:
            change(mean, mean * constant(decay, mean) + value * constant(1 - decay, mean))
    jt.sync([mean for mean, _ in changed])
