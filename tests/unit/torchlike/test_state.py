from __future__ import annotations

import jittor as jt
import numpy as np
import pytest
import torch

from ports_jittor.torchlike import nn, state
from tests.unit.torchlike.compare import drawn


class Port(nn.Module):
    """A buffer registered before a parameter, a scalar, and layers of this project's and of Jittor's."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", jt.ones((2, 3)))
        self.register_buffer("scratch", jt.ones(2), persistent=False)
        self.alpha = nn.Parameter(0.1)
        self.fixed = nn.Parameter(jt.ones(2), requires_grad=False)
        self._cache = jt.ones(4)
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.theirs = jt.nn.BatchNorm(4)

    def forward(self, x: jt.Var) -> jt.Var:
        return self.body(x) * self.alpha


class Reference(torch.nn.Module):
    """The same in torch."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.ones(2, 3))
        self.register_buffer("scratch", torch.ones(2), persistent=False)
        self.alpha = torch.nn.Parameter(torch.tensor(0.1))
        self.fixed = torch.nn.Parameter(torch.ones(2), requires_grad=False)
        self.body = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
        self.theirs = torch.nn.BatchNorm2d(4)


def reference_state() -> dict[str, np.ndarray]:
    """torch's keys with drawn values; Jittor's own BatchNorm has no counter."""
    keys = Reference().state_dict()
    del keys["theirs.num_batches_tracked"]
    return {
        key: np.asarray(2**40)
        if "tracked" in key
        else np.asarray(drawn(key, *(value.shape or (1,)))).reshape(value.shape)
        for key, value in keys.items()
    }


def test_a_state_comes_back_under_torchs_keys_in_torchs_order_and_shapes() -> None:
    port, given = Port(), reference_state()
    state.load_state_dict(port, given)
    found = state.torch_state_dict(port)
    assert list(found) == list(given)
    assert {key: value.shape for key, value in found.items()} == {
        key: value.shape for key, value in given.items()
    }
    assert all((found[key] == given[key]).all() for key in given)
    assert found["body.1.num_batches_tracked"].dtype == np.int64


def test_loading_tells_all_that_is_wrong_at_once_and_changes_nothing() -> None:
    port, given = Port(), reference_state()
    before = state.torch_state_dict(port)
    del given["alpha"]
    given["body.0.weight"] = np.zeros((4, 3, 3))
    given["head.weight"] = np.zeros(1)
    with pytest.raises(state.StateMismatch) as raised:
        port.load_state_dict(given)
    message = str(raised.value)
    assert "nothing was loaded" in message
    assert "alpha: missing in the state" in message
    assert "body.0.weight: shape (4, 3, 3) in the state, (4, 3, 3, 3) in the module" in message
    assert "head.weight: in the state, unknown to the module" in message
    after = state.torch_state_dict(port)
    assert all((after[key] == before[key]).all() for key in before)


def test_without_strictness_only_shapes_matter() -> None:
    port = Port()
    port.load_state_dict({"table": np.full((2, 3), 5.0), "head.weight": np.zeros(1)}, strict=False)
    assert (port.table.numpy() == 5).all()
    with pytest.raises(state.StateMismatch, match="table: shape"):
        port.load_state_dict({"table": np.zeros(3)}, strict=False)


def test_a_scalar_may_come_as_one_element_and_any_float_type() -> None:
    port, given = Port(), reference_state()
    given["alpha"] = np.array([0.25], np.float64)
    port.load_state_dict(given)
    assert port.alpha.numpy() == np.float32(0.25)
    assert str(port.alpha.dtype) == "float32"
    port.load_state_dict(
        {key: torch.tensor(value) for key, value in given.items() if key != "alpha"}, strict=False
    )


def names(port: jt.nn.Module) -> list[str]:
    """Of the parameters that an optimiser is given."""
    chosen = {id(var) for var in state.parameters(port)}
    return [name for name, var in state.named_parameters(port) if id(var) in chosen]


@pytest.mark.parametrize("base", [Port, lambda: jt.nn.Sequential(Port())])
def test_buffers_and_frozen_parameters_never_train(base: type[Port]) -> None:
    port = base()
    expected = [
        "alpha",
        "body.0.weight",
        "body.0.bias",
        "body.1.weight",
        "body.1.bias",
        "theirs.weight",
        "theirs.bias",
    ]
    in_train = [name.removeprefix("0.") for name in names(port)]
    assert in_train == expected
    port.eval()
    assert [name.removeprefix("0.") for name in names(port)] == expected
    port.train()
    assert [name.removeprefix("0.") for name in names(port)] == expected
    listed = [name.removeprefix("0.") for name, _ in state.named_parameters(port)]
    assert listed == ["alpha", "fixed", *expected[1:]]


def test_loading_leaves_what_trains_and_what_does_not() -> None:
    port = Port()
    port.load_state_dict(reference_state())
    assert not port.alpha.is_stop_grad()
    assert port.fixed.is_stop_grad()
    assert port.table.is_stop_grad()


def test_lists_of_parameters_have_torchs_keys() -> None:
    port = nn.Module()
    port.scales = nn.ParameterList([nn.Parameter(jt.ones(2)), nn.Parameter(jt.zeros(1))])
    assert list(state.torch_state_dict(port)) == ["scales.0", "scales.1"]
    port.load_state_dict({"scales.0": np.full(2, 3.0), "scales.1": np.ones(1)})
    assert (port.scales[0].numpy() == 3).all()
    assert len(state.parameters(port)) == 2


def test_shared_modules_appear_under_both_names() -> None:
    layer = nn.Conv2d(1, 1, 1, bias=False)
    port = nn.Sequential(layer, layer)
    assert list(state.torch_state_dict(port)) == ["0.weight", "1.weight"]
    assert len(state.parameters(port)) == 1


@pytest.mark.parametrize("learns", [True, False])
@pytest.mark.parametrize("value_learns", [True, False])
def test_a_changed_parameter_learns_as_before(*, learns: bool, value_learns: bool) -> None:
    parameter, value = jt.zeros(3), jt.ones(3) * 2
    if not learns:
        parameter.stop_grad()
    if not value_learns:
        value.stop_grad()
    state.change(parameter, value)
    np.testing.assert_array_equal(parameter.numpy(), [2, 2, 2])
    assert parameter.is_stop_grad() is not learns


class Older:
    """A variable as Jittor had it before 1.3.7: it takes no attributes."""

    __slots__ = ()

    def detach(self) -> Older:
        return self

    def stop_grad(self) -> Older:
        return self


def test_a_jittor_whose_variables_take_no_attributes_is_refused_with_what_it_lacks() -> None:
    with pytest.raises(RuntimeError, match=r"^Jittor 1\.3\.\d.* lacks attributes of one's own on variables"):
        state.register_buffer(jt.nn.Module(), "table", Older())
