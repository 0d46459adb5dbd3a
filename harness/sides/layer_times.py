"""Takes the time of every layer of a pass, each computed to its end before the next one begins.

Forward and backward are timed in passes of their own, so that neither finds the other's memory. Backward, it
is one whole way back that is cut into layers. The time between two layers belongs to the module around them.
What the watch itself costs is taken off: what earlier passes of the model took longer under it than without.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness import address as addresses
from harness.answers import LayersTimed
from harness.sides.recorder import Recorder, Rehearsal, flatten
from harness.sides.side import Side

LOSS = "(loss)"
GRAPH = "(gradients)"
"""What a framework does before it computes the first gradient."""


class LayerWatch(Recorder):
    """Sees every layer and every operation between layers begin and end; records no tensor."""

    def __init__(self, side: Side) -> None:
        super().__init__(side.tensors, side.layers, Rehearsal(), side.breadcrumb)
        self.side = side
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.counts: defaultdict[str, int] = defaultdict(int)
        """How often a layer was turned away from, which costs the watch some time."""
        self.kinds: dict[str, str] = {addresses.ROOT: "", LOSS: "loss", GRAPH: "graph of gradients"}
        self.owners = [addresses.ROOT]

    def add(self, path: str, seconds: float) -> None:
        """A layer has run for so long."""
        self.seconds[path] += seconds
        self.counts[path] += 1

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
        self.add(path, time.perf_counter() - began)

    def loss_begins(self, outputs: Any) -> None:
        """What the model returned is now given to the loss."""
        self._begin(LOSS, "loss", (outputs,), {})

    @abstractmethod
    def go_back(self, loss: Any) -> None:
        """Go back from a loss that is computed."""


class ForwardClock(LayerWatch):
    """The seconds of every layer on the way forward."""

    last: float

    def start(self) -> None:
        """Begin to count, once nothing is pending."""
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
        self.add(self.owners[-1], time.perf_counter() - self.last - between)

    def begins(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """What the watch did is not counted."""
        self.last = time.perf_counter()

    def starts(self) -> None:
        """What the side did for the watch is not counted either."""
        self.last = time.perf_counter()

    def ends(self, result: Any) -> None:
        """What the watch did is not counted."""
        self.last = time.perf_counter()


@dataclass
class WholePasses:
    """What whole passes have taken so far, without a watch and under one."""

    bare: list[float] = field(default_factory=list)
    watched: list[float] = field(default_factory=list)

    def add(self, clock: LayerWatch, bare: float) -> dict[str, float]:
        """The seconds of each layer in one more pass, without what earlier ones tell that its watch costs."""
        longer = max(min(self.watched) - min(self.bare), 0.0) if self.watched else 0.0
        cost = longer / sum(clock.counts.values())
        self.bare.append(bare)
        self.watched.append(sum(clock.seconds.values()))
        return {path: max(took - clock.counts[path] * cost, 0.0) for path, took in clock.seconds.items()}


def time_layers(side: Side) -> LayersTimed:
    """Two passes of the model that is ready to be timed, with the time of every layer."""
    timed = side.require_timed()
    bare = timed.call(steps=False)
    clock = ForwardClock(side)
    with timed.keeping(), side.observed(clock):
        clock.start()
        outputs = side.call_model()
        clock.finish()
    if timed.optimizer is None:
        return LayersTimed(timed.passes["forward"].add(clock, bare["forward"]), {}, clock.kinds)
    clock.owners.append(LOSS)
    clock.start()
    side.losses_of(outputs)
    clock.finish()
    del outputs
    forward = timed.passes["forward"].add(clock, bare["forward"])
    backward = timed.passes["backward"].add(_way_back(side), bare["backward"])
    return LayersTimed(forward, backward, clock.kinds)


def _way_back(side: Side) -> BackwardClock:
    clock: BackwardClock = side.backward_clock()
    with side.observed(clock):
        outputs = side.call_model()
    clock.loss_begins(outputs)
    loss = next(iter(side.losses_of(outputs).values()))
    side.synchronise()
    del outputs
    clock.go_back(loss)
    return clock


VERBS: tuple[Callable[..., Any], ...] = (time_layers,)
