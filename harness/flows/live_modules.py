"""Two modules that exist in this process, compared as a declared pair is."""

from __future__ import annotations

import contextlib
import copy
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np

from harness.alignment import Alignment
from harness.breadcrumb import Breadcrumb
from harness.case import SIDES
from harness.errors import BadInput
from harness.flows.compare import compare
from harness.flows.comparison import Workers
from harness.flows.request import CompareRequest
from harness.inline_worker import InlineWorker, put_back
from harness.pairs.base import Arrays, Pair, Variant
from harness.pairs.recipe import Recipe
from harness.progress import Progress
from harness.scratch import scratch_folder
from harness.worker import open_side

Inputs = Mapping[str, Any] | Sequence[Any]
_VARIANT = "live"


def compare_modules(
    reference: Any,
    port: Any,
    inputs: Inputs,
    request: CompareRequest,
    progress: Progress,
    layer_map: Path | None = None,
) -> Alignment:
    """Compare a PyTorch module with a Jittor one on the reference's weights; afterwards both are as before.

    `request` says how; its model and its device are not looked at.
    """
    arrays, copied = _named(inputs), _copied(reference)
    with scratch_folder() as place, _declared(copied, port, arrays, layer_map) as model, put_back(port):
        workers = {
            side: InlineWorker(open_side(side, "cpu", Breadcrumb(place / f"{side}.place"))) for side in SIDES
        }
        asked = replace(request, model=model, device="cpu")
        return compare(asked, progress, workers=cast(Workers, workers))


def _copied(reference: Any) -> Any:
    """The reference, to be changed at will, on the CPU."""
    try:
        return copy.deepcopy(reference).cpu()
    except (RuntimeError, TypeError) as error:
        raise BadInput(f"the module {type(reference).__name__} cannot be copied: {error}") from error


def _named(inputs: Inputs) -> Arrays:
    named = inputs if isinstance(inputs, Mapping) else {f"x{n}": array for n, array in enumerate(inputs)}
    arrays = {str(name): np.asarray(_plain(value)) for name, value in named.items()}
    wrong = next((name for name, array in arrays.items() if array.dtype == object), None)
    if wrong is not None:
        raise BadInput(
            f"the input {wrong} is of the type {type(named[wrong]).__name__}; give an array or a tensor"
        )
    return arrays


def _plain(value: Any) -> Any:
    """A tensor of either framework as an array."""
    value = value.detach() if hasattr(value, "detach") else value
    return value.numpy() if callable(getattr(value, "numpy", None)) else value


@contextlib.contextmanager
def _declared(reference: Any, port: Any, arrays: Arrays, layer_map: Path | None) -> Iterator[str]:
    """A pair of the two objects, to be found by the name given; its weights are the reference's own."""
    state = {key: _plain(value).copy() for key, value in reference.state_dict().items()}
    name = f"align_live_{uuid.uuid4().hex}"
    module: Any = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    module.reference, module.port = lambda: reference, lambda: port
    module.PAIR = Pair(
        name=type(reference).__name__,
        title=f"{type(reference).__name__} and {type(port).__name__}, in this process",
        variants={_VARIANT: Variant(_VARIANT, "with the reference's own weights")},
        reference=f"{name}:reference",
        port=f"{name}:port",
        draw_inputs=lambda request: arrays,
        forward=tuple(arrays),
        recipe=Recipe(optimizer="sgd", lr=0.01),
        seeded_state=lambda variant, seed, table: state,
        layer_map=layer_map,
    )
    sys.modules[name] = module
    try:
        yield f"{name}:PAIR"
    finally:
        del sys.modules[name]
