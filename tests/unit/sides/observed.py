"""Runs one module on a side and lists what the recorder saw of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import address as addresses
from harness.breadcrumb import Breadcrumb
from harness.sides.recorder import Recorder, Rehearsal
from harness.sides.side import Side


def hold(side: Side, model: Any) -> None:
    """Make a module the side's model, as `build` does with a pair's."""
    side.model = model
    side.layers = {path: side.layer_of(module) for path, module in side.modules()}
    side.paths = {id(module): path for path, module in side.modules()}


def seen(side: Side, model: Any, folder: Path, *given: Any) -> list[str]:
    """The addresses of one run without gradients, in the order in which they came about."""
    hold(side, model)
    sink = Rehearsal()
    recorder = Recorder(side.tensors, side.layers, sink, Breadcrumb(folder / "place"))
    with side.without_gradients(), side.observed(recorder):
        model(*given)
    return list(dict.fromkeys([*sink.plan, *sink.aliases]))


def results(found: list[str]) -> list[str]:
    """The paths of all layers and operations among addresses that returned something."""
    layers = [addresses.parse_layer(address) for address in found if addresses.kind(address) == "layer"]
    return [layer.path for layer in layers if layer.role == "out"]
