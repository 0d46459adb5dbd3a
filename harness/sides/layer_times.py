"""Takes the time of every layer of a pass, each computed to its end before the next one begins.

Forward, the time between two layers belongs to the module around them. Backward, a layer is called once more
on leaves, and what is timed is the way back through it alone: Jittor computes all gradients of a pass at
once, so that nothing could be told apart there.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from harness import address as addresses
from harness.answers import LayersTimed
from harness.sides.recorder import Recorder, Rehearsal, flatten, map_tensors
from harness.sides.side import Side

LOSS = "(loss)"


class LayerClock(Recorder):
    """Watches one pass of a side and records times instead of tensors."""

    def __init__(self, side: Side, trains: bool) -> None:
        super().__init__(side.tensors, side.layers, Rehearsal(), side.breadcrumb)
        self.side, self.trains = side, trains
        self.modules = dict(side.modules())
        self.forward: defaultdict[str, float] = defaultdict(float)
        self.backward: defaultdict[str, float] = defaultdict(float)
        self.kinds: dict[str, str] = {addresses.ROOT: "", LOSS: "loss"}
        self.failed: dict[str, str] = {}
        self.owners = [addresses.ROOT]
        self.calls: list[tuple[tuple[Any, ...], Mapping[str, Any]]] = []
        self.repeating = False
        self.inputs = list(side._inputs.values())
        self.last = time.perf_counter()

    def save(self, address: str, tensor: Any, type: str = "") -> bool:
        """Nothing is recorded."""
        return False

    def start(self) -> None:
        """Begin to count, once nothing is pending."""
        self.side.synchronise()
        self.last = time.perf_counter()

    def lap(self) -> None:
        """Compute all that is pending; the time since the last lap belongs to the layer that runs."""
        self.side.synchronise()
        self.forward[self.owners[-1]] += time.perf_counter() - self.last
        self.last = time.perf_counter()

    def enter(self, path: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """A module is being called."""
        if not self.repeating:
            self.lap()
            name = path or addresses.ROOT
            self.owners.append(name)
            self.calls.append((args, kwargs))
            self.kinds[name] = self.layers[path].type
        super().enter(path, args, kwargs)
        self.last = time.perf_counter()

    def leave(self, result: Any) -> Any:
        """A module has returned."""
        if self.repeating:
            return super().leave(result)
        self.lap()
        frame, name = self.frames[-1], self.owners.pop()
        args, kwargs = self.calls.pop()
        if self.trains and frame.layer.builtin and frame.layer.leaf:
            module = self.modules["" if name == addresses.ROOT else name]
            self._go_back(name, module, args, kwargs, self._learning(module))
        result = super().leave(result)
        self.last = time.perf_counter()
        return result

    def operation(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Run an operation between modules; what it is given may be changed in place."""
        self.lap()
        frame = self.frames[-1]
        path = f"{frame.path}/{name}.{frame.operations[name]}"
        self.owners.append(path)
        self.kinds[path] = name
        result = super().operation(name, function, args, kwargs)
        self.lap()
        self.owners.pop()
        if self.trains:
            self._go_back(path, function, args, kwargs, [])
        self.last = time.perf_counter()
        return result

    def losses(self, outputs: Any) -> None:
        """The loss of the outputs, forward and back to the outputs."""
        self.owners.append(LOSS)
        self.start()
        self.side.losses_of(outputs)
        self.lap()
        self.owners.pop()
        self._go_back(LOSS, lambda given: list(self.side.losses_of(given).values())[:1], (outputs,), {}, [])

    def _learning(self, module: Any) -> list[Any]:
        return [value for value in module.parameters() if self.side.learns(value)]

    def _go_back(
        self,
        path: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        learning: list[Any],
    ) -> None:
        """Time the way back through one call; where that cannot be repeated, its row says so."""
        self.repeating, before = True, self.inside_operation
        self.inside_operation = True
        try:
            self.backward[path] += self._time_back(function, args, kwargs, learning)
        except Exception as error:  # a stranger's layer may not take leaves in the place of what it was given
            self.failed[path] = f"{type(error).__name__}: {error}"[:200]
        finally:
            self.repeating, self.inside_operation = False, before

    def _time_back(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        learning: list[Any],
    ) -> float:
        leaves: list[Any] = []

        def leaf(key: str, tensor: Any) -> Any:
            learns = self.side.learns(tensor) and not any(tensor is given for given in self.inputs)
            made, onward = self.side.leaf(np.array(self.tensors.to_array(tensor)), tensor, learns)
            if learns:
                leaves.append(made)
            return onward

        given, named = (
            map_tensors(value, self.tensors.is_tensor, leaf) for value in (list(args), dict(kwargs))
        )
        results = [tensor for tensor in self._results(function(*given, **named)) if self.side.learns(tensor)]
        if not results or not [*leaves, *learning]:
            return 0.0
        gradients = [self._gradient(result) for result in results]
        self.side.synchronise()
        began = time.perf_counter()
        self.side.go_back(results, gradients, [*leaves, *learning])
        self.side.synchronise()
        return time.perf_counter() - began

    def _results(self, result: Any) -> Iterator[Any]:
        return (tensor for _, tensor in flatten(result, self.tensors.is_tensor))

    def _gradient(self, like: Any) -> Any:
        """A gradient that is no constant: what multiplies with ones might be left out."""
        shape: Sequence[int] = tuple(like.shape)
        array = np.random.default_rng(0).standard_normal(shape, np.float32)
        return self.side.leaf(np.asarray(array), like, False)[0]


def time_layers(side: Side) -> LayersTimed:
    """One pass of the model that is ready to be timed, with the time of every layer."""
    timed = side.require_timed()
    clock = LayerClock(side, timed.optimizer is not None)
    with timed.keeping(), side.observed(clock):
        clock.start()
        outputs = side.call_model()
        clock.lap()
    if clock.trains:
        clock.losses(outputs)
    return LayersTimed(dict(clock.forward), dict(clock.backward), clock.kinds, clock.failed)


VERBS: tuple[Callable[..., Any], ...] = (time_layers,)
