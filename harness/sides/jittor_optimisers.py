"""Optimisers of a Jittor port behind the form of `harness.sides.optimisers`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import jittor as jt
import numpy as np

from harness.older_python import strict_zip
from harness.pairs.base import Arrays
from harness.sides.contract import NamedTensors
from harness.sides.optimisers import ToTensor, slots_of
from ports_jittor.torchlike import optim

_NOT_SLOTS = ("params", "grads")


class Torchlike:
    """An optimiser of torchlike."""

    def __init__(self, optimizer: optim.Optimizer, names: Sequence[str]) -> None:
        self.optimizer, self.names = optimizer, names

    def take(self, gradients: NamedTensors) -> None:
        """A parameter that has no gradient stays as it is."""
        self.optimizer.take_gradients([gradients.get(name) for name in self.names])

    def scale(self, rate: float) -> None:
        """Every group has one."""
        for group in self.optimizer.param_groups:
            group["lr"] *= rate

    def step(self) -> None:
        """Its own."""
        self.optimizer.step()
        self.optimizer.zero_grad()

    def slots(self) -> Arrays:
        """From the optimiser's own form of a state."""
        kept = self.optimizer.state_dict()["state"]
        return {
            f"{name}.{slot}": np.asarray(value)
            for place, name in enumerate(self.names)
            for slot, value in kept.get(place, {}).items()
            if value is not None
        }

    def set_slots(self, slots: Arrays, to_tensor: ToTensor) -> None:
        """Through the same form."""
        kept = {place: mine for place, name in enumerate(self.names) if (mine := slots_of(name, slots))}
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": kept, "param_groups": groups})


class Native:
    """An optimiser of Jittor, or one that a port has made of them.

    Jittor keeps slots as lists beside the parameters of a group, and one count of steps for all.
    """

    def __init__(self, optimizer: jt.optim.Optimizer, names: Sequence[str]) -> None:
        self.optimizer, self.names = optimizer, names

    def take(self, gradients: NamedTensors) -> None:
        """As its `backward` leaves them: zeros where there is none, and the count goes on."""
        for group, names in self._groups():
            group["grads"] = [
                gradients[name] if gradients.get(name) is not None else jt.zeros_like(value).stop_grad()
                for name, value in strict_zip(names, group["params"])
            ]
        self.optimizer._Optimizer__zero_grad = False
        self.optimizer.n_step += 1

    def scale(self, rate: float) -> None:
        """A group's own rate goes before that of all."""
        self.optimizer.lr *= rate
        for group in self.optimizer.param_groups:
            if "lr" in group:
                group["lr"] *= rate

    def step(self) -> None:
        """Its own."""
        self.optimizer.step()
        self.optimizer.zero_grad()

    def slots(self) -> Arrays:
        """The lists of each group; what no gradient reaches is left out."""
        found: Arrays = {}
        for group, names in self._groups():
            for place, (name, value) in enumerate(strict_zip(names, group["params"])):
                if value.is_stop_grad():
                    continue
                found |= {
                    f"{name}.{slot}": np.array(kept[place].numpy()) for slot, kept in self._lists(group)
                }
                if "m" in group:
                    found[f"{name}.step"] = np.array(self.optimizer.n_step)
        return found

    def set_slots(self, slots: Arrays, to_tensor: ToTensor) -> None:
        """Into the same lists; what is not remembered is zero."""
        counts = [0]
        for group, names in self._groups():
            for place, name in enumerate(names):
                mine = slots_of(name, slots)
                counts.append(int(mine.get("step", 0)))
                for slot, kept in self._lists(group):
                    if slot in mine:
                        kept[place] = to_tensor(mine[slot], name)
                    else:
                        kept[place] = jt.zeros_like(group["params"][place]).stop_grad()
        self.optimizer.n_step = max(counts)

    def _groups(self) -> Iterator[tuple[dict[str, Any], list[str]]]:
        """Each group with the names of its parameters."""
        names = iter(self.names)
        for group in self.optimizer.param_groups:
            yield group, [next(names) for _ in group["params"]]

    def _lists(self, group: dict[str, Any]) -> Iterator[tuple[str, list[jt.Var]]]:
        """The slots of a group under torch's names."""
        meant = {"m": "exp_avg", "values": "exp_avg_sq"} if "m" in group else {"values": "momentum_buffer"}
        momentum = group.get("momentum", getattr(self.optimizer, "momentum", 1))
        for key, kept in group.items():
            if key in _NOT_SLOTS or not isinstance(kept, list) or len(kept) != len(group["params"]):
                continue
            if all(isinstance(one, jt.Var) for one in kept) and (key != "values" or momentum):
                yield meant.get(key, key), kept
