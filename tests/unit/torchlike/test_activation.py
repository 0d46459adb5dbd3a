from __future__ import annotations

import jittor as jt
import numpy as np
import pytest
import torch
from torch.nn import functional

from ports_jittor.torchlike import functional as ours
from ports_jittor.torchlike import nn
from tests.unit.torchlike.compare import FLOAT64, agree, distance, drawn

NAMES = [
    "relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu", "gelu", "softplus", "logsigmoid", "elu",
    "hardtanh", "hardsigmoid", "hardswish", "mish",
]  # fmt: skip
KINKS_AND_FAR_OUT = [-200, -100, -89, -50, -30, -10.5, -6, -3, -1, 0, 1e-4, 1, 3, 6, 10.5, 30, 89, 100, 200]


def everywhere() -> np.ndarray:
    """Drawn values, kinks, and values whose exponentials leave float32."""
    return np.concatenate([3 * drawn("x", 44), np.array(KINKS_AND_FAR_OUT)]).astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_activations_are_torchs_everywhere(name: str) -> None:
    agree(getattr(functional, name), getattr(ours, name), everywhere())


@pytest.mark.parametrize("name", NAMES)
def test_float64_flows_through(name: str) -> None:
    # torch rounds the sixth of hardsigmoid's slope to float32, Jittor the factor of erf's.
    tolerance = 1e-7 if name in ("hardsigmoid", "gelu") else FLOAT64
    agree(
        getattr(functional, name),
        getattr(ours, name),
        3 * drawn("x", 64),
        tolerance=tolerance,
        dtype="float64",
    )


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_a_gradient_that_is_not_finite_passes_or_is_left_out_as_in_torch(name: str) -> None:
    x, upstream = np.array([-1, 0, 1, 2], np.float32), np.array([np.inf, np.nan, np.inf, -np.inf], np.float32)
    tensor, var = torch.tensor(x, requires_grad=True), jt.array(x)
    getattr(functional, name)(tensor).backward(torch.tensor(upstream))
    loss = (getattr(ours, name)(var) * jt.array(upstream)).sum()
    assert tensor.grad is not None
    np.testing.assert_array_equal(jt.grad(loss, var).numpy(), tensor.grad.numpy())


def test_gelu_by_tanh_keeps_its_gradient_far_out() -> None:
    agree(
        lambda t: functional.gelu(t, approximate="tanh"),
        lambda v: ours.gelu(v, approximate="tanh"),
        everywhere(),
    )
    with pytest.raises(ValueError, match="approximate='fast'"):
        ours.gelu(jt.ones(2), approximate="fast")


def test_small_probabilities_keep_their_size() -> None:
    x = np.array([-80, -60, -40, -25, -20], np.float32)
    for name in ("sigmoid", "softplus", "logsigmoid"):
        port, truth = getattr(ours, name), getattr(functional, name)
        sign = -1 if name == "logsigmoid" else 1
        expected = truth(torch.tensor(sign * x).double()).numpy()
        found = port(jt.array(sign * x)).numpy()
        assert np.abs(found / expected - 1).max() < 1e-5  # Jittor's: sigmoid stops at 9e-14


def test_sigmoid_reaches_1_and_its_gradient_0() -> None:
    """By 1 / (1 + exp(-x)) Jittor's kernels stay one rounding below 1, and the gradient at y (1 - y)."""
    x = jt.array(np.linspace(18, 80, 1000, dtype=np.float32))
    y = ours.sigmoid(x)
    assert y.numpy().min() == 1
    assert not jt.grad(y.sum(), x).numpy().any()


def test_arguments_of_the_functions_are_torchs() -> None:
    x = everywhere()
    agree(lambda t: functional.leaky_relu(t, 0.2), lambda v: ours.leaky_relu(v, negative_slope=0.2), x)
    agree(lambda t: functional.softplus(t, 2.0, 5.0), lambda v: ours.softplus(v, beta=2.0, threshold=5.0), x)
    agree(lambda t: functional.elu(t, 0.5), lambda v: ours.elu(v, alpha=0.5), x)
    agree(lambda t: functional.hardtanh(t, -2, 3), lambda v: ours.hardtanh(v, -2, 3), x)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_softmax_is_torchs(path: str, name: str, dim: int) -> None:
    x = 20 * drawn("x", 3, 4, 5)
    agree(
        lambda t: getattr(functional, name)(t, dim), lambda v: getattr(ours, name)(v, dim), x, tolerance=3e-6
    )


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_in_float64(name: str) -> None:
    x = 20 * drawn("x", 3, 4, 5)
    port, truth = getattr(ours, name), getattr(functional, name)
    agree(lambda t: truth(t, 1), lambda v: port(v, 1), x, tolerance=FLOAT64, dtype="float64")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("ReLU", {"inplace": True}), ("ReLU6", {"inplace": True}), ("SiLU", {"inplace": True}),
        ("Mish", {"inplace": True}), ("Hardsigmoid", {"inplace": True}), ("Hardswish", {"inplace": True}),
        ("LeakyReLU", {"negative_slope": 0.2, "inplace": True}), ("ELU", {"alpha": 0.5, "inplace": True}),
        ("Hardtanh", {"min_val": -2, "max_val": 3, "inplace": True}), ("GELU", {"approximate": "tanh"}),
        ("Softplus", {"beta": 2.0, "threshold": 5.0}), ("Sigmoid", {}), ("Tanh", {}), ("LogSigmoid", {}),
        ("Softmax", {"dim": 0}), ("LogSoftmax", {"dim": 0}),
    ],
)  # fmt: skip
def test_layers_take_and_keep_torchs_arguments(kind: str, options: dict[str, object]) -> None:
    reference, port = (getattr(room, kind)(**options) for room in (torch.nn, nn))
    x = 3 * drawn("x", 64)
    assert distance(port(jt.array(x)).numpy(), reference(torch.tensor(x).double()).numpy()) < 1e-6
    assert {name: getattr(port, name) for name in options} == {
        name: getattr(reference, name) for name in options
    }
