"""Takes the time of every layer of a pass, each computed to its end before the next one begins.

Forward and backward are timed in passes of their own, so that neither finds the other's memory. Backward, it
is one whole way back that is cut into layers. The time between two layers belongs to the module around them.
What the watch itself costs is measured beside it and taken off.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import address as addresses
from harness.answers import LayersTimed
from harness.sides.recorder import Recorder, Rehearsal, flatten
from harness.sides.side import Side

LOSS = "(loss)"
GRAPH = "(gradients)"
"""What a framework does before it computes the first gradient."""
_TIMES, _ROUNDS = 50, 5


@dataclass(frozen=True)
class WatchCost:
    """Seconds that a watch takes: to turn from one layer to the next, and to let a function pass by."""

    turn: float = 0.0
    look: float = 0.0


class LayerWatch(Recorder):
    """Sees every layer and every operation between layers begin and end; records no tensor."""

    def __init__(self, side: Side, cost: WatchCost) -> None:
        super().__init__(side.tensors, side.layers, Rehearsal(), side.breadcrumb)
        self.side, self.cost = side, cost
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.kinds: dict[str, str] = {addresses.ROOT: "", LOSS: "loss", GRAPH: "graph of gradients"}
        self.owners = [addresses.ROOT]

    def begins(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """The layer that is now the last of `owners` begins."""

    def turns(self, *values: Any) -> None:
        """Something else runs from now on than until now, which has given these values."""

    def ends(self, result: Any) -> None:
        """The layer that is the last of `owners` has ended."""

    def looks_into(self, path: str) -> bool:
        """A layer that computes is one whole: to be told of what it calls takes time."""
        layer = self.layers[path]
        return not (layer.builtin and layer.leaf)

    def computes(self) -> bool:
        """Whether the layer that runs is one that computes, and no module around others."""
        owner = self.owners[-1]
        path = "" if owner == addresses.ROOT else owner
        return path not in self.layers or not self.looks_into(path)

    def save(self, address: str, tensor: Any, type: str = "") -> bool:
        """Nothing is recorded."""
        return False

    def enter(self, path: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """A module is being called."""
        self.turns(args, kwargs)
        super().enter(path, args, kwargs)
        self._begin(path or addresses.ROOT, self.layers[path].type, args, kwargs)

    def leave(self, result: Any) -> Any:
        """A module has returned."""
        self.turns(result)
        self._end(result)
        return super().leave(result)

    def operation(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """Run an operation between modules."""
        self.turns(args, kwargs)
        frame = self.frames[-1]
        path = f"{frame.path}/{name}.{frame.operations[name]}"
        frame.operations[name] += 1
        self.inside_operation = True
        try:
            self._begin(path, name, args, kwargs)
            result = function(*args, **kwargs)
            self.turns(result)
            self._end(result)
        finally:
            self.inside_operation = False
        return result

    def _begin(self, path: str, kind: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self.owners.append(path)
        self.kinds[path] = kind
        self.begins(args, kwargs)

    def _end(self, result: Any) -> None:
        self.ends(result)
        self.owners.pop()


class BackwardClock(LayerWatch, ABC):
    """The seconds of every layer on one whole way back; where that is cut into layers, a framework knows."""

    def tensors_in(self, *values: Any) -> Iterator[Any]:
        """The tensors through which gradients go back."""
        for _, tensor in flatten(values, self.tensors.is_tensor):
            if self.side.learns(tensor):
                yield tensor

    def count(self, path: str, began: float) -> None:
        """The time since then belongs to a layer."""
        self.seconds[path] += max(time.perf_counter() - began - self.cost.turn, 0.0)

    def loss_begins(self, outputs: Any) -> None:
        """What the model returned is now given to the loss."""
        self._begin(LOSS, "loss", (outputs,), {})

    @abstractmethod
    def seconds_back(self, loss: Any) -> dict[str, float]:
        """Go back from a loss that is computed."""


class ForwardClock(LayerWatch):
    """The seconds of every layer on the way forward."""

    def __init__(self, side: Side, cost: WatchCost) -> None:
        super().__init__(side, cost)
        self.last, self.passed_by = 0.0, 0

    def start(self) -> None:
        """Begin to count, once nothing is pending; what came before is not counted."""
        self.seconds.clear()
        self.passed_by = 0
        self.side.synchronise()
        self.last = time.perf_counter()

    def turns(self, *values: Any) -> None:
        """Compute what the layer that ran has given; the time since the last turn belongs to it."""
        before = time.perf_counter()
        found = [tensor for _, tensor in flatten(values, self.tensors.is_tensor)]
        between = time.perf_counter() - before
        self.side.compute(found)
        self._count(between)

    def finish(self) -> None:
        """Compute the rest."""
        self.side.synchronise()
        self._count(0.0)

    def _count(self, between: float) -> None:
        took = time.perf_counter() - self.last - between
        own = self.cost.turn + self.passed_by * self.cost.look
        self.passed_by = 0
        self.seconds[self.owners[-1]] += max(took - own, 0.0)

    def observes_operation(self) -> bool:
        """Every function comes by here; most are none that is timed."""
        self.passed_by += 1
        return super().observes_operation()

    def operation(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """This one is."""
        self.passed_by -= 1
        return super().operation(name, function, args, kwargs)

    def begins(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """What the watch did is not counted."""
        self.last = time.perf_counter()

    def starts(self) -> None:
        """What the side did for the watch is not counted either."""
        self.last = time.perf_counter()

    def ends(self, result: Any) -> None:
        """What the watch did is not counted."""
        self.last = time.perf_counter()


def cost_of_a_watch(side: Side) -> WatchCost:
    """By how much small sums, and looks at a shape, take longer under a watch."""
    like = next(iter(side._inputs.values()))
    numbers = [side.leaf(np.ones(1, np.float32), like, False)[1] for _ in range(_TIMES)]

    def sums() -> list[Any]:
        return [number + 1 for number in numbers]

    def looks() -> list[Any]:
        return [number.shape for number in numbers]

    turns, looked = (_longer(side, work) / _TIMES for work in (sums, looks))
    return WatchCost(turns / 2, looked)


def _longer(side: Side, work: Callable[[], list[Any]]) -> float:
    def bare() -> float:
        side.synchronise()
        began = time.perf_counter()
        kept = work()
        side.synchronise()
        took = time.perf_counter() - began
        del kept
        return took

    def watched() -> float:
        clock = ForwardClock(side, WatchCost())
        with side.observed(clock):
            clock.enter("", (), {})
            clock.start()
            kept = work()
            clock.finish()
        del kept
        return sum(clock.seconds.values())

    alone, seen = (min(measured() for _ in range(_ROUNDS)) for measured in (bare, watched))
    return max(seen - alone, 0.0)


def time_layers(side: Side) -> LayersTimed:
    """Two passes of the model that is ready to be timed, with the time of every layer."""
    timed = side.require_timed()
    cost = cost_of_a_watch(side)
    clock = ForwardClock(side, cost)
    with timed.keeping(), side.observed(clock):
        clock.start()
        outputs = side.call_model()
        clock.finish()
    if timed.optimizer is None:
        return LayersTimed(dict(clock.seconds), {}, clock.kinds)
    forward = dict(clock.seconds)
    clock.owners.append(LOSS)
    clock.start()
    side.losses_of(outputs)
    clock.finish()
    del outputs
    return LayersTimed({**forward, **clock.seconds}, _times_back(side, cost), clock.kinds)


def _times_back(side: Side, cost: WatchCost) -> dict[str, float]:
    clock: BackwardClock = side.backward_clock(cost)
    with side.observed(clock):
        outputs = side.call_model()
    clock.loss_begins(outputs)
    loss = next(iter(side.losses_of(outputs).values()))
    side.synchronise()
    del outputs
    return clock.seconds_back(loss)


VERBS: tuple[Callable[..., Any], ...] = (time_layers,)
