from __future__ import annotations

import jittor as jt
import pytest

from ports_jittor.torchlike import nn
from ports_jittor.torchlike.state import torch_state_dict


def test_modes_reach_all_below_and_leave_gradients_alone() -> None:
    net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Sequential(nn.Dropout(0.5)))
    assert net.training
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    x = jt.ones((1, 1, 2, 2))
    assert jt.grad(net(x), net[0].weight).item() == 4  # Jittor's eval() makes this 0
    net.train(True)
    assert all(module.training for module in net.modules())
    assert not net.train(False).training


def test_a_module_without_forward_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Module has no forward"):
        nn.Module()(jt.ones(1))


def test_a_slice_of_a_sequence_is_one_with_the_same_names() -> None:
    net = nn.Sequential(nn.ReLU(), nn.Conv2d(1, 1, 1, bias=False), nn.ReLU())
    part = net[1:]
    assert type(part) is nn.Sequential
    assert list(torch_state_dict(part)) == ["1.weight"]
    assert type(net[-1]) is nn.ReLU


def test_lists_and_dictionaries_of_modules_are_registered_and_not_called() -> None:
    listed = nn.ModuleList([nn.Conv2d(1, 1, 1, bias=False)]).extend([nn.Conv2d(1, 1, 1, bias=False)])
    assert list(torch_state_dict(listed)) == ["0.weight", "1.weight"]
    assert list(torch_state_dict(listed[1:])) == ["0.weight"]
    named = nn.ModuleDict({"a": listed[0]})
    named["b"] = nn.ReLU()
    assert (list(named), "b" in named, "c" in named) == (["a", "b"], True, False)
    assert list(torch_state_dict(named)) == ["a.weight"]
    for container in (listed, named):
        with pytest.raises(NotImplementedError, match="cannot be called"):
            container(jt.ones((1, 1, 1, 1)))
