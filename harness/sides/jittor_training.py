"""A training in Jittor: the optimisers of torchlike."""

from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np

from harness.older_python import strict_zip
from harness.pairs.base import Arrays
from harness.sides.contract import NamedTensors
from harness.sides.jittor_optimisers import Torchlike
from harness.sides.jittor_side import OPTIMIZERS, JittorSide
from harness.sides.optimisers import Optimiser
from harness.sides.training import SideTraining
from ports_jittor.torchlike import optim
from ports_jittor.torchlike._common import constant
from ports_jittor.torchlike.gradients import gradients


class JittorTraining(SideTraining):
    """What a training needs of Jittor."""

    side: JittorSide

    def named_parameters(self) -> NamedTensors:
        """Those that learned when the model was built."""
        named = dict(self.side.named_variables())
        return {entry.key: named[entry.key] for entry in self.side.state_table() if entry.learns}

    def make_optimizer(self, kind: str, groups: list[dict[str, Any]]) -> optim.Optimizer:
        """One of torchlike's."""
        made: optim.Optimizer = OPTIMIZERS[kind](groups)
        self.optimisers: list[Optimiser] = [Torchlike(made, self.members)]
        return made

    def gradients(self, loss: jt.Var) -> NamedTensors:
        """Jittor's, computed at once."""
        found = gradients(loss, list(self.parameters.values()), retain_graph=False)
        named = {name: value for name, value in strict_zip(self.parameters, found) if value is not None}
        jt.sync(list(named.values()))
        return named

    def step(self, gradients: NamedTensors, clip: float | None) -> None:
        """Clip and step."""
        (optimiser,) = self.optimisers
        optimiser.take(gradients)
        if clip is not None:
            self.optimizer.clip_grad_norm(clip)
        optimiser.step()

    def settled(self, tensors: NamedTensors) -> NamedTensors:
        """Stop what leads back to the passes."""
        stopped = {name: value.stop_grad() for name, value in tensors.items()}
        jt.sync(list(stopped.values()))
        return stopped

    def slots(self) -> Arrays:
        """Those of every optimiser."""
        return {key: array for one in self.optimisers for key, array in one.slots().items()}

    def set_slots(self, slots: Arrays) -> None:
        """Each optimiser takes its own."""
        for one in self.optimisers:
            one.set_slots(slots, self.tensor)

    def copied_state(self) -> NamedTensors:
        """Variables of their own."""
        return {
            self.side.names.key(name): self.tensor(np.array(value.numpy()), None)
            for name, value in self.side.model.state_dict().items()
            if value.dtype.is_float()
        }

    def keep_average(self, keeps: float) -> None:
        """New variables in the place of the old ones."""
        now = {self.side.names.key(name): value for name, value in self.side.model.state_dict().items()}
        with jt.no_grad():
            self.average = {
                name: (mean * constant(keeps, mean) + now[name] * constant(1 - keeps, mean)).stop_grad()
                for name, mean in self.average.items()
            }
        jt.sync(list(self.average.values()))

    def tensor(self, array: Any, parameter: str | None) -> jt.Var:
        """A variable that nothing learns."""
        made = np.ascontiguousarray(array)
        if parameter is not None:
            made = made.reshape(self.parameters[parameter].shape)
        return jt.array(made).stop_grad()
