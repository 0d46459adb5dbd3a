"""The base class of ports: torch's names and switches on Jittor's Module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jittor as jt

from ports_jittor.torchlike import state


class Module(jt.nn.Module):
    """torch.nn.Module: `forward`, train(mode), eval() that keeps gradients, real buffers, strict loading."""

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def train(self, mode: bool = True) -> Module:
        """Switch this module and all below; Jittor's takes no mode."""
        for module in self.modules():
            module.is_train = mode
        return self

    def eval(self) -> Module:
        """Switch to inference; Jittor's also stops the gradients of all parameters."""
        return self.train(False)

    def register_buffer(self, name: str, value: jt.Var | None, persistent: bool = True) -> None:
        """A part of the state that no optimiser changes."""
        state.register_buffer(self, name, value, persistent)

    def load_state_dict(self, params: Mapping[str, Any], strict: bool = True) -> None:
        """Load torch's keys, shapes and all; raises StateMismatch."""
        state.load_state_dict(self, params, strict)
