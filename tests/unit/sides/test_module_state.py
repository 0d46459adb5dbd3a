"""What code changes in modules is put back: attributes, what lists hold, buffers in place and replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from harness.breadcrumb import Breadcrumb
from harness.sides.module_state import ModuleState
from harness.sides.torch_side import TorchSide

pytestmark = pytest.mark.torch


class Memory(nn.Module):
    mean: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.arange(3.0))
        self.weight = nn.Parameter(torch.ones(2))
        self.inner = nn.BatchNorm1d(3)
        self.plain = torch.zeros(2)
        self.count, self.seen, self.by_name = 0, [1, 2], {"a": 1}


def test_everything_is_put_back(tmp_path: Path) -> None:
    module, side = Memory(), TorchSide("cpu", Breadcrumb(tmp_path / "place"))
    parts, weight = (module, module.inner), module.weight
    state = ModuleState(side, parts)
    for _ in range(2):
        module.count, module.more = 5, "new"  # type: ignore[assignment]
        module.seen.append(3)
        module.by_name.clear()
        module.mean = torch.ones(3) * 9
        with torch.no_grad():
            module.weight.mul_(3)
            module.plain.add_(1)
        module.inner(torch.rand(4, 3))
        module.inner.running_var = torch.full((3,), 7.0)
        state.put_back()
        assert (module.count, module.seen, module.by_name) == (0, [1, 2], {"a": 1})
        assert not hasattr(module, "more")
        assert module.weight is weight
        assert module.weight.tolist() == [1, 1]
        assert (module.mean.tolist(), module.plain.tolist()) == ([0, 1, 2], [0, 0])
        assert module.inner.running_mean.tolist() == [0, 0, 0]
        assert module.inner.running_var.tolist() == [1, 1, 1]
        assert int(module.inner.num_batches_tracked) == 0
