from __future__ import annotations

import jittor as jt
import numpy as np
import pytest
import torch
from torch.nn import functional

from ports_jittor.torchlike import _kernels, nn, norm
from ports_jittor.torchlike.state import load_state_dict, torch_state_dict
from tests.unit.torchlike.compare import FLOAT64, agree, distance, drawn, in_torch


def twins(kind: str, channels: int, **options: object) -> tuple[torch.nn.Module, jt.nn.Module]:
    """The same layer on both sides, with the same drawn state."""
    reference, port = (getattr(room, kind)(channels, **options) for room in (torch.nn, nn))
    state = {
        key: np.abs(drawn(key, *value.shape)) if value.ndim else np.asarray(7)
        for key, value in reference.state_dict().items()
    }
    reference.load_state_dict({key: torch.tensor(value) for key, value in state.items()})
    load_state_dict(port, state)
    return reference.double(), port


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("BatchNorm2d", (4, 3, 5, 6)),
        ("BatchNorm2d", (6, 4, 1, 1)),
        ("BatchNorm1d", (7, 5)),
        ("BatchNorm1d", (3, 5, 4)),
    ],
)
@pytest.mark.parametrize("mode", ["train", "eval", "frozen"])
def test_batch_norm_and_its_state_are_torchs(path: str, kind: str, shape: tuple[int, ...], mode: str) -> None:
    reference, port = twins(kind, shape[1])
    reference.train(mode == "train")
    port.train(mode != "eval")
    norm.freeze_batch_norm(port, mode == "frozen")
    x = drawn("x", *shape) + 3
    value, (to_input,) = in_torch(reference, [x])
    variable = jt.array(x)
    result = port(variable)
    found = jt.grad(result * jt.array(drawn("cotangent", *shape)), [variable, port.weight, port.bias])
    assert distance(result.numpy(), value) < 1e-6
    wanted = [to_input, *(one.grad.numpy() for one in (reference.weight, reference.bias))]
    assert max(distance(a.numpy(), b) for a, b in zip(found, wanted, strict=True)) < 2e-6
    exported = torch_state_dict(port)
    expected = {key: value.numpy() for key, value in reference.state_dict().items()}
    assert list(exported) == list(expected)
    assert all(distance(exported[key], expected[key]) < 1e-6 for key in expected)
    assert exported["num_batches_tracked"].dtype == np.int64
    assert exported["num_batches_tracked"].shape == ()


@pytest.mark.parametrize("options", [{"momentum": None}, {"affine": False}, {"track_running_stats": False}])
def test_batch_norm_takes_torchs_options(options: dict[str, object]) -> None:
    reference, port = twins("BatchNorm2d", 3, **options)
    for step in range(3):
        x = drawn(f"x{step}", 4, 3, 5, 6)
        value, _ = in_torch(reference, [x])
        assert distance(port(jt.array(x)).numpy(), value) < 1e-6
    expected = {key: value.numpy() for key, value in reference.state_dict().items()}
    exported = torch_state_dict(port)
    assert list(exported) == list(expected)
    assert all(distance(exported[key], expected[key]) < 1e-6 for key in expected)


def test_a_mean_far_from_zero_does_not_ruin_the_variance() -> None:
    reference, port = twins("BatchNorm2d", 3)
    x = drawn("x", 4, 3, 16, 16) + 1000
    value, _ = in_torch(reference, [x])
    assert distance(port(jt.array(x)).numpy(), value) < 5e-5  # Jittor's own: 0.1
    assert distance(port.running_var.numpy(), reference.running_var.numpy()) < 1e-6


@pytest.mark.parametrize("shape", [(4, 3, 5, 6), (6, 3, 1, 1), (2, 2, 1024, 1050), (6, 5), (3, 5, 4)])
def test_one_kernel_and_jittors_operators_agree(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The large one is beyond what one thread computes."""
    found = []
    for native in (True, False):
        if not native:
            monkeypatch.setattr(_kernels, "native", lambda _: False)
        port = nn.BatchNorm2d(shape[1]) if len(shape) == 4 else nn.BatchNorm1d(shape[1])
        port.weight.update(jt.array(drawn("weight", shape[1])))
        x = jt.array(drawn("x", *shape) + 1)
        result = port(x)
        gradients = jt.grad(result * jt.array(drawn("cotangent", *shape)), [x, port.weight, port.bias])
        found.append([one.numpy() for one in (result, port.running_mean, port.running_var, *gradients)])
    for one, other in zip(*found, strict=True):
        assert distance(one, other) < 2e-6


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (2, 3, 256, 256)])
@pytest.mark.parametrize("mode", ["gradients", "gradient of x alone", "none"])
def test_given_statistics_normalise_alike_by_either_way(path: str, shape: tuple[int, ...], mode: str) -> None:
    """Few elements are a kernel's, many an expression's."""
    reference, port = twins("BatchNorm2d", 3)
    reference.eval()
    port.eval()
    x = drawn("x", *shape)
    value, (to_input,) = in_torch(reference, [x])
    if mode == "none":
        with jt.no_grad():
            assert distance(port(jt.array(x)).numpy(), value) < 1e-6
        return
    if mode == "gradient of x alone":
        port.weight.stop_grad()
        port.bias.stop_grad()
    variable = jt.array(x)
    result = port(variable)
    found = jt.grad(result * jt.array(drawn("cotangent", *shape)), variable)
    assert distance(result.numpy(), value) < 1e-6
    assert distance(found.numpy(), to_input) < 1e-6


def test_running_statistics_do_not_train_and_carry_no_graph() -> None:
    port = nn.BatchNorm2d(3)
    port(jt.array(drawn("x", 4, 3, 5, 6)))
    assert port.running_mean.is_stop_grad()
    assert port.running_var.is_stop_grad()
    assert not port.weight.is_stop_grad()


def test_batch_norm_refuses_what_torch_refuses() -> None:
    port = nn.BatchNorm2d(3)
    with pytest.raises(ValueError, match="more than one value per channel"):
        port(jt.ones((1, 3, 1, 1)))
    with pytest.raises(ValueError, match=r"BatchNorm2d\(3\) was given shape \(2, 4, 5, 6\)"):
        port(jt.ones((2, 4, 5, 6)))
    with pytest.raises(ValueError, match="4 dimensions"):
        port(jt.ones((2, 3)))
    port.eval()
    assert port(jt.ones((1, 3, 1, 1))).shape == (1, 3, 1, 1)


def test_float64_flows_through() -> None:
    agree(
        lambda x, w, b: functional.batch_norm(x, None, None, w, b, training=True),
        lambda x, w, b: _normalized(x, w, b),
        drawn("x", 4, 3, 5, 6),
        drawn("w", 3),
        drawn("b", 3),
        tolerance=FLOAT64,
        dtype="float64",
    )


def _normalized(x: jt.Var, weight: jt.Var, bias: jt.Var) -> jt.Var:
    port = nn.BatchNorm2d(3, track_running_stats=False)
    port.weight, port.bias = weight, bias
    return port(x)


@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm_is_torchs(path: str, affine: bool) -> None:
    x, parameters = drawn("x", 2, 3, 4, 5) + 3, [drawn("w", 4, 5), drawn("b", 4, 5)] if affine else []
    agree(
        lambda t, *p: functional.layer_norm(t, (4, 5), *p, eps=1e-6),
        lambda v, *p: norm.layer_norm(v, (4, 5), *p, eps=1e-6),
        x,
        *parameters,
    )


def test_layer_norm_over_channels_is_torchs_on_moved_channels(path: str) -> None:
    def truth(x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(x.movedim(1, -1), (4,), *parameters).movedim(-1, 1)

    agree(truth, norm.channel_layer_norm, drawn("x", 2, 4, 3, 5) + 3, drawn("w", 4), drawn("b", 4))


@pytest.mark.parametrize("groups", [1, 3, 6])
def test_group_norm_is_torchs(path: str, groups: int) -> None:
    agree(
        lambda x, w, b: functional.group_norm(x, groups, w, b),
        lambda x, w, b: norm.group_norm(x, groups, w, b),
        drawn("x", 2, 6, 3, 4) + 3,
        drawn("w", 6),
        drawn("b", 6),
    )


def test_layers_hold_torchs_parameters() -> None:
    for kind, arguments in [("LayerNorm", (4,)), ("GroupNorm", (2, 4)), ("SyncBatchNorm", (4,))]:
        reference, port = (getattr(room, kind)(*arguments) for room in (torch.nn, nn))
        expected = {key: tuple(value.shape) for key, value in reference.state_dict().items()}
        assert {key: value.shape for key, value in torch_state_dict(port).items()} == expected
    assert nn.LayerNorm(4, bias=False).bias is None


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"layer_norm over \(4,\) was given shape \(2, 3\)"):
        norm.layer_norm(jt.ones((2, 3)), (4,))
    with pytest.raises(ValueError, match="6 channels do not divide into 4 groups"):
        norm.group_norm(jt.ones((2, 6, 2)), 4)
