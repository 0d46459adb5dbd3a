from __future__ import annotations

import jittor as jt
import numpy as np
import pytest

from ports_jittor.torchlike import nn
from ports_jittor.torchlike.ema import average_into
from ports_jittor.torchlike.state import torch_state_dict
from tests.unit.torchlike.compare import drawn


def test_the_average_follows_the_model_buffers_included() -> None:
    average, model = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    expected = torch_state_dict(average)
    alive = set()
    for step in range(4):
        model(jt.array(drawn(f"x{step}", 2, 3, 4, 4)) + 1)
        average_into(average, model, 0.9)
        now = torch_state_dict(model)
        expected = {key: 0.9 * expected[key] + (1 - 0.9) * now[key] for key in expected}
        alive.add(jt.liveness_info()["lived_vars"])
    found = torch_state_dict(average)
    for key in ("weight", "bias", "running_mean", "running_var"):
        assert np.abs(found[key] - expected[key]).max() < 1e-6
    assert found["num_batches_tracked"] == 0
    assert len(alive) == 1
    assert (average.weight.is_stop_grad(), average.running_mean.is_stop_grad()) == (False, True)


def test_different_models_are_refused() -> None:
    with pytest.raises(ValueError, match=r"differ in \['bias', 'running_mean'"):
        average_into(nn.BatchNorm2d(3), nn.Conv2d(1, 1, 1, bias=False), 0.9)
