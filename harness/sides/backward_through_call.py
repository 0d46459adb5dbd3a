"""Takes the gradient of a captured call's result backward through that call, with something changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.answers import TrialDone
from harness.pairs.base import Arrays
from harness.requests import AMPLE, CallChange
from harness.sides.captured_call import CapturedCall
from harness.sides.contract import NamedTensors
from harness.sides.in_time import in_time
from harness.sides.recorder import flatten
from harness.sides.repeat_call import failed_trial, repeated_call
from harness.sides.side import Side
from harness.trace import Trace, TraceWriter


def backward_through_call(
    side: Side,
    call: CapturedCall,
    gradients: Path,
    trials: list[CallChange],
    folder: Path,
    seconds: float = AMPLE,
) -> list[TrialDone]:
    """Take the `grad:KEY` tensors of a file backward through each trial of a captured call.

    The gradient of an input is written as `input:NAME`, that of a parameter of the model as `grad:PARAM`.
    """
    with Trace.open(gradients) as stored:
        given = {name.partition(":")[2]: np.array(stored.array(name)) for name in stored.records}
    answers: list[TrialDone] = []
    for number, trial in in_time(enumerate(trials), seconds):
        try:
            found = _gradients_of_trial(side, call, given, trial)
        except Exception as error:  # a value that the layer does not take is an answer, too
            answers.append(failed_trial(error))
            continue
        path = folder / f"backward-{number}.h5"
        with TraceWriter(path, {"trial": number}) as writer:
            for name, array in found.items():
                writer.add(name, array)
        answers.append(TrialDone(trace=str(path)))
    return answers


def _gradients_of_trial(side: Side, call: CapturedCall, given: Arrays, change: CallChange) -> Arrays:
    leaves: NamedTensors = {}

    def leaf(key: str, tensor: Any) -> Any:
        made, onward = side.leaf(side.tensors.to_array(tensor), tensor, True)
        leaves[f"input:{key}"] = made
        return onward

    with repeated_call(side, call.with_tensors(side.tensors.is_tensor, leaf), change) as result:
        tensors = [
            (tensor, given[key or "0"])
            for key, tensor in flatten(result, side.tensors.is_tensor)
            if (key or "0") in given
        ]
        return side.gradients_from(None, tensors, leaves)
