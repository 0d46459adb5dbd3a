"""The recorder, with plain arrays for tensors: no framework needed."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.breadcrumb import Breadcrumb
from harness.sides.recorder import Layer, Recorder, flatten, plain_value


class Listed:
    """A sink that lists what it is given."""

    def __init__(self) -> None:
        self.added: dict[str, NDArray[Any]] = {}
        self.aliases: dict[str, str] = {}

    def add(self, address: str, array: NDArray[Any], type: str = "") -> None:
        self.added[address] = array

    def alias(self, address: str, of: str, type: str = "") -> None:
        self.aliases[address] = of


class Arrays:
    """Numpy arrays as the recorder's tensors, known by identity."""

    def __init__(self) -> None:
        self.known: dict[int, str] = {}
        self.watched: list[str] = []
        self.kept: list[Any] = []

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, np.ndarray)

    def to_array(self, tensor: Any) -> NDArray[Any]:
        return np.asarray(tensor)

    def recorded_as(self, tensor: Any) -> str | None:
        return self.known.get(id(tensor))

    def remember(self, tensor: Any, address: str) -> None:
        self.kept.append(tensor)
        self.known[id(tensor)] = address

    def watch_gradient(self, tensor: Any, address: str) -> None:
        self.watched.append(address)


LAYERS = {
    "": Layer("Model", builtin=False, leaf=False),
    "block": Layer("Block", builtin=False, leaf=False),
    "block.conv": Layer("Conv2d", builtin=True, leaf=True),
}


def recorder(tmp_path: Path, **more: Any) -> tuple[Recorder, Listed, Arrays]:
    sink, tensors = Listed(), Arrays()
    return Recorder(tensors, LAYERS, sink, Breadcrumb(tmp_path / "place"), **more), sink, tensors


def run_block(recorder: Recorder, x: NDArray[Any]) -> NDArray[Any]:
    """A block that calls its convolution twice and adds the results."""
    recorder.enter("block", (x,), {})
    results = []
    for factor in (2, 3):
        recorder.enter("block.conv", (x,), {})
        results.append(recorder.leave(x * factor))
    assert recorder.observes_operation()
    total = recorder.operation("add", operator.add, (results[0], results[1]), {})
    recorder.leave(total)
    result: NDArray[Any] = total
    return result


def test_calls_are_counted_and_each_tensor_is_written_once(tmp_path: Path) -> None:
    made, sink, _ = recorder(tmp_path)
    run_block(made, np.ones(3))
    assert list(sink.added) == [
        "layer:block#0:in.0",
        "layer:block.conv#0:out",
        "layer:block.conv#1:out",
        "layer:block/add.0#0:out",
    ]
    assert sink.aliases == {
        "layer:block.conv#0:in.0": "layer:block#0:in.0",
        "layer:block.conv#1:in.0": "layer:block#0:in.0",
        "layer:block/add.0#0:in.0": "layer:block.conv#0:out",
        "layer:block/add.0#0:in.1": "layer:block.conv#1:out",
        "layer:block#0:out": "layer:block/add.0#0:out",
    }


def test_operations_inside_layers_of_the_framework_are_its_own_business(tmp_path: Path) -> None:
    made, _, _ = recorder(tmp_path)
    assert not made.observes_operation()
    made.enter("block.conv", (), {})
    assert not made.observes_operation()


def test_operations_inside_operations_are_not_observed(tmp_path: Path) -> None:
    made, _, _ = recorder(tmp_path)
    made.enter("block", (), {})
    seen = []
    made.operation("sum", lambda: seen.append(made.observes_operation()), (), {})
    assert seen == [False]


def test_what_moves_a_result_is_no_operation_of_the_model(tmp_path: Path) -> None:
    observed = []

    def alter(value: Any) -> Any:
        observed.append(made.observes_operation())
        return value + 1

    made, sink, _ = recorder(tmp_path, alter=alter)
    run_block(made, np.ones(3))
    assert observed == [False, False, False]
    assert sink.added["layer:block.conv#0:out"].tolist() == [3, 3, 3]


def test_gradients_are_watched_once_for_each_tensor(tmp_path: Path) -> None:
    made, _, tensors = recorder(tmp_path, gradients=True)
    run_block(made, np.ones(3))
    assert tensors.watched == [
        "layer:block.conv#0:grad",
        "layer:block.conv#1:grad",
        "layer:block/add.0#0:grad",
    ]


def test_breadcrumb_tells_the_layer_that_was_entered_last(tmp_path: Path) -> None:
    made, _, _ = recorder(tmp_path)
    made.breadcrumb.start("run")
    made.enter("block", (), {})
    made.enter("block.conv", (), {})
    place = Breadcrumb(tmp_path / "place").read()
    assert (place.calls, place.activity, place.layer) == (2, "run", "block.conv")


def test_nested_results_get_keys() -> None:
    value = {"boxes": [np.zeros(1), (np.zeros(2),)], "name": "text", "none": None}
    keys = [key for key, _ in flatten(value, lambda part: isinstance(part, np.ndarray))]
    assert keys == ["boxes.0", "boxes.1.0"]


def test_plain_values_are_those_json_can_hold() -> None:
    assert plain_value((1, 2.5, "same", None, True))
    assert not plain_value(np.zeros(1))
    assert not plain_value(list(range(100)))
