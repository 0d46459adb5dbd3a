"""What a held call gives back: the gradient of its result pulled through it, with something changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.pairs.base import Arrays
from harness.sides.forcing import replaced
from harness.sides.holding import Held, changed, state_of
from harness.sides.recorder import flatten
from harness.trace import Trace, TraceWriter

if TYPE_CHECKING:
    from harness.sides.base import Side


def pull_back(
    side: Side, held: Held, gradients: Path, trials: list[dict[str, Any]], folder: Path
) -> list[dict[str, Any]]:
    """Pull the `grad:KEY` tensors of a file through each trial of the held call.

    What reaches an input comes as `input:NAME`, what reaches a parameter of the model as `grad:PARAM`.
    """
    with Trace.open(gradients) as stored:
        given = {name.partition(":")[2]: np.array(stored.array(name)) for name in stored.records}
    answers: list[dict[str, Any]] = []
    for number, trial in enumerate(trials):
        try:
            found = _pulled(side, held, given, trial)
        except Exception as error:  # a value that the layer does not take is an answer, too
            answers.append({"error": f"{type(error).__name__}: {error}"[:200]})
            continue
        path = folder / f"pulled-{number}.h5"
        with TraceWriter(path, {"trial": number}) as writer:
            for name, array in found.items():
                writer.add(name, array)
        answers.append({"trace": str(path)})
    return answers


def _pulled(side: Side, held: Held, given: Arrays, trial: dict[str, Any]) -> Arrays:
    leaves: dict[str, Any] = {}

    def leaf(key: str, tensor: Any) -> Any:
        made, onward = side.leaf(side.tensors.to_array(tensor), tensor, True)
        leaves[f"input:{key}"] = made
        return onward

    places = {str(place): value for place, value in enumerate(held.args)}
    fresh = replaced({**places, **held.kwargs}, side.tensors.is_tensor, leaf)
    args = tuple(fresh[place] for place in places)
    kwargs = {name: fresh[name] for name in held.kwargs}
    again = Held(held.path, held.function, args, kwargs, held.module)
    with changed(side, again, trial.get("changes", {}), state_of(trial), trial.get("training")) as result:
        tensors = [
            (tensor, given[key or "0"])
            for key, tensor in flatten(result, side.tensors.is_tensor)
            if (key or "0") in given
        ]
        return side.forced_gradients(None, tensors, leaves)
