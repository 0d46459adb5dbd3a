"""The time of every layer on the way back of Jittor: gradients are asked for at once, computed in turns."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jittor as jt

from harness import address as addresses
from harness.sides.jittor_names import second_name
from harness.sides.layer_times import GRAPH, BackwardClock
from harness.sides.side import Side
from ports_jittor.torchlike.gradients import gradients
from ports_jittor.torchlike.nodes import number


class JittorBackwardClock(BackwardClock):
    """The way back through a layer ends with the gradients of what it was given."""

    def __init__(self, side: Side, learning: list[Any]) -> None:
        """`learning`: the parameters."""
        super().__init__(side)
        self.learning = learning
        self.modules = dict(side.modules())
        self.inputs = {number(value) for value in side._inputs.values()}
        self.given: list[tuple[str, list[Any]]] = []
        self.lent: list[tuple[Any, Any, int]] = []

    def begins(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Let a layer work on copies in name alone: what two layers are given has two gradients."""
        if self.computes():
            path = self.owners[-1]
            own = self.modules[path].parameters() if path in self.modules else []
            taken = {id(tensor): tensor for tensor in self.tensors_in(args, dict(kwargs), own)}
            copies = [self._lend(tensor) for tensor in taken.values() if number(tensor) not in self.inputs]
            self.given.append((path, copies))

    def _lend(self, tensor: Any) -> Any:
        original = second_name(tensor)
        tensor.assign(original.clone())
        self.lent.append((tensor, original, number(tensor)))
        return second_name(tensor)

    def ends(self, result: Any) -> None:
        """Let every variable name again what it named, unless the layer has changed it in place."""
        while self.lent:
            tensor, original, lent = self.lent.pop()
            if number(tensor) == lent:
                tensor.assign(original)

    def go_back(self, loss: Any) -> None:
        """Jittor's whole way back."""
        calls = [(addresses.ROOT, self.learning), *self.given]
        self.given = []
        began = time.perf_counter()
        found = gradients(loss, [target for _, targets in calls for target in targets], retain_graph=False)
        self.count(GRAPH, began)
        while calls:
            began = time.perf_counter()
            path, targets = calls.pop()
            first = len(found) - len(targets)
            own = [gradient for gradient in found[first:] if gradient is not None]
            del found[first:]
            if own:
                jt.sync(own, True, False)
                del own, targets  # what nobody needs any more is let go of here, as in a pass without a watch
                self.count(path, began)
