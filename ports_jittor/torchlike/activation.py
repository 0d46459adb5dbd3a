"""Activations with torch's keyword arguments, and with gradients that stay finite where Jittor's do not."""

from __future__ import annotations

import math
from typing import Callable

import jittor as jt

from ports_jittor.torchlike._common import constant, wants_gradient
from ports_jittor.torchlike._kernels import normal_dims, sums
from ports_jittor.torchlike.module import Module

Values = Callable[[jt.Var], jt.Var]
Gradient = Callable[[jt.Var, jt.Var, jt.Var], jt.Var]  # of the output's gradient, the input and the output


def relu(x: jt.Var, inplace: bool = False) -> jt.Var:
    """torch's relu; `inplace` is accepted and changes nothing.

    Jittor keeps for the way back where the input was above 0, and that kernel branches at each element: it
    takes ten times as long as this one, which looks at the input again.
    """
    return _with_gradient(x, jt.nn.relu, lambda g, x, y: jt.ternary(y > 0, g, jt.zeros_like(g)))


def relu6(x: jt.Var, inplace: bool = False) -> jt.Var:
    """torch's relu6: the gradient at 0 and at 6 is 0."""
    return jt.nn.relu6(x)


def leaky_relu(x: jt.Var, negative_slope: float = 0.01, inplace: bool = False) -> jt.Var:
    """torch's leaky_relu; Jittor calls the slope `scale`."""
    slope = constant(negative_slope, x)
    return _with_gradient(
        x, lambda x: jt.ternary(x > 0, x, x * slope), lambda g, x, y: jt.ternary(x > 0, g, g * slope)
    )


def sigmoid(x: jt.Var) -> jt.Var:
    """torch's sigmoid: Jittor's never falls below 9e-14."""
    return _with_gradient(x, _logistic, lambda g, x, y: g * (y * (1 - y)))


def tanh(x: jt.Var) -> jt.Var:
    """torch's tanh: Jittor's has a gradient of NaN for large inputs."""
    return _with_gradient(x, jt.tanh, lambda g, x, y: g * (1 - y * y))


def silu(x: jt.Var, inplace: bool = False) -> jt.Var:
    """torch's silu."""
    return jt.nn.silu(x)


def gelu(x: jt.Var, approximate: str = "none") -> jt.Var:
    """torch's gelu, exact or by tanh; the tanh form has the right gradient for large inputs."""
    if approximate == "tanh":
        inner = constant(math.sqrt(2 / math.pi), x) * (x + constant(0.044715, x) * x * x * x)
        return x * constant(0.5, x) * (1 + tanh(inner))
    if approximate != "none":
        raise ValueError(f"gelu: approximate={approximate!r}; it may be 'none' or 'tanh'")
    return x * constant(0.5, x) * (1 + jt.erf(x * constant(math.sqrt(0.5), x)))


def softplus(x: jt.Var, beta: float = 1.0, threshold: float = 20.0) -> jt.Var:
    """torch's softplus: linear above the threshold, and exact below -15.

    Up to 1.6 times the time of Jittor's, whose logarithm loses small exponentials.
    """

    def values(x: jt.Var) -> jt.Var:
        scaled = x * constant(beta, x)
        return jt.ternary(scaled > threshold, x, log1p_exp(scaled) * constant(1 / beta, x))

    def gradient(g: jt.Var, x: jt.Var, y: jt.Var) -> jt.Var:
        scaled = x * constant(beta, x)
        return jt.ternary(scaled > threshold, g, g * _logistic(scaled))

    return _with_gradient(x, values, gradient)


def logsigmoid(x: jt.Var) -> jt.Var:
    """torch's logsigmoid: Jittor's log_sigmoid has a floor of -30, but takes one exponential less."""
    return _with_gradient(x, lambda x: -log1p_exp(-x), lambda g, x, y: g * _logistic(-x))


def elu(x: jt.Var, alpha: float = 1.0, inplace: bool = False) -> jt.Var:
    """torch's elu: Jittor's has a gradient of NaN from 89 on."""
    scale = constant(alpha, x)
    return _with_gradient(
        x,
        lambda x: jt.ternary(x > 0, x, (_decay(x) - 1) * scale),
        lambda g, x, y: jt.ternary(x > 0, g, g * _decay(x) * scale),
    )


def hardtanh(x: jt.Var, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> jt.Var:
    """torch's hardtanh: the gradient at both bounds is 0."""
    return jt.clamp(x, min_val, max_val)


def hardsigmoid(x: jt.Var, inplace: bool = False) -> jt.Var:
    """torch's hardsigmoid, which Jittor lacks."""
    return jt.clamp(x + 3, 0.0, 6.0) / constant(6.0, x)


def hardswish(x: jt.Var, inplace: bool = False) -> jt.Var:
    """torch's hardswish, which Jittor lacks."""
    return x * hardsigmoid(x)


def mish(x: jt.Var, inplace: bool = False) -> jt.Var:
    """torch's mish."""
    return x * tanh(softplus(x))


def softmax(x: jt.Var, dim: int) -> jt.Var:
    """torch's softmax: Jittor's is ten times slower over the last dimension."""
    return _Softmax(normal_dims(x, dim))(x)


def log_softmax(x: jt.Var, dim: int) -> jt.Var:
    """torch's log_softmax."""
    return _LogSoftmax(normal_dims(x, dim))(x)


class _WithGradient(jt.Function):
    def __init__(self, values: Values, gradient: Gradient) -> None:
        self.values, self.gradient = values, gradient

    def execute(self, x: jt.Var) -> jt.Var:
        self.x, self.y = x, self.values(x)
        return self.y

    def grad(self, g: jt.Var) -> jt.Var:
        return self.gradient(g, self.x, self.y)


class _Softmax(jt.Function):
    def __init__(self, dims: tuple[int, ...]) -> None:
        self.dims = dims

    def execute(self, x: jt.Var) -> jt.Var:
        powers = jt.exp(x - x.reduce("maximum", self.dims, True))
        self.y = powers / sums(powers, self.dims)
        return self.y

    def grad(self, g: jt.Var) -> jt.Var:
        return self.y * (g - sums(g * self.y, self.dims))


class _LogSoftmax(jt.Function):
    def __init__(self, dims: tuple[int, ...]) -> None:
        self.dims = dims

    def execute(self, x: jt.Var) -> jt.Var:
        shifted = x - x.reduce("maximum", self.dims, True)
        self.y = shifted - jt.log(sums(jt.exp(shifted), self.dims))
        return self.y

    def grad(self, g: jt.Var) -> jt.Var:
        return g - jt.exp(self.y) * sums(g, self.dims)


def _with_gradient(x: jt.Var, values: Values, gradient: Gradient) -> jt.Var:
    """The values, with this gradient; without the cost of a boundary where none will be asked for."""
    return _WithGradient(values, gradient)(x) if wants_gradient(x) else values(x)


def log1p_exp(x: jt.Var) -> jt.Var:
    """log(1 + exp(x)) without overflow, and exact where the exponential is small (Jittor has no log1p)."""
    power = jt.exp(-jt.abs(x))
    ratio = power / (2 + power)  # log(1 + p) = 2 artanh(p / (2 + p)); the ratio is at most a third
    square = ratio * ratio
    series = jt.zeros_like(x)
    for term in reversed(range(16 if str(x.dtype) == "float64" else 7)):
        series = series * square + constant(1 / (2 * term + 1), x)
    return jt.maximum(x, jt.zeros_like(x)) + 2 * ratio * series


def _decay(x: jt.Var) -> jt.Var:
    """exp(x) below 0, and 1 above."""
    return jt.exp(jt.minimum(x, jt.zeros_like(x)))


def _logistic(x: jt.Var) -> jt.Var:
    """The logistic function by a finite exponential: Jittor's kernels divide by infinity to NaN.

    Where it nears 1 it is 1 less a small number: their 1 / (1 + exp(-x)) never gets there, and its gradient
    y (1 - y) would not vanish.
    """
    most = constant(700.0 if str(x.dtype) == "float64" else 87.0, x)
    small = jt.exp(-jt.minimum(jt.abs(x), jt.zeros_like(x) + most))
    rest = small / (1 + small)
    return jt.ternary(x > 0, 1 - rest, rest)


class ReLU(Module):
    """torch.nn.ReLU."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, x: jt.Var) -> jt.Var:
        return relu(x)


class ReLU6(ReLU):
    """torch.nn.ReLU6."""

    def forward(self, x: jt.Var) -> jt.Var:
        return relu6(x)


class SiLU(ReLU):
    """torch.nn.SiLU."""

    def forward(self, x: jt.Var) -> jt.Var:
        return silu(x)


class Mish(ReLU):
    """torch.nn.Mish."""

    def forward(self, x: jt.Var) -> jt.Var:
        return mish(x)


class Hardsigmoid(ReLU):
    """torch.nn.Hardsigmoid."""

    def forward(self, x: jt.Var) -> jt.Var:
        return hardsigmoid(x)


class Hardswish(ReLU):
    """torch.nn.Hardswish."""

    def forward(self, x: jt.Var) -> jt.Var:
        return hardswish(x)


class LeakyReLU(Module):
    """torch.nn.LeakyReLU; Jittor's calls the slope `scale` and fails when it is called by keyword."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, x: jt.Var) -> jt.Var:
        return leaky_relu(x, self.negative_slope)


class ELU(Module):
    """torch.nn.ELU."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, x: jt.Var) -> jt.Var:
        return elu(x, self.alpha)


class Hardtanh(Module):
    """torch.nn.Hardtanh."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace

    def forward(self, x: jt.Var) -> jt.Var:
        return hardtanh(x, self.min_val, self.max_val)


class GELU(Module):
    """torch.nn.GELU."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, x: jt.Var) -> jt.Var:
        return gelu(x, self.approximate)


class Softplus(Module):
    """torch.nn.Softplus."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, x: jt.Var) -> jt.Var:
        return softplus(x, self.beta, self.threshold)


class Sigmoid(Module):
    """torch.nn.Sigmoid."""

    def forward(self, x: jt.Var) -> jt.Var:
        return sigmoid(x)


class Tanh(Module):
    """torch.nn.Tanh."""

    def forward(self, x: jt.Var) -> jt.Var:
        return tanh(x)


class LogSigmoid(Module):
    """torch.nn.LogSigmoid."""

    def forward(self, x: jt.Var) -> jt.Var:
        return logsigmoid(x)


class Softmax(Module):
    """torch.nn.Softmax."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: jt.Var) -> jt.Var:
        return softmax(x, self.dim)


class LogSoftmax(Softmax):
    """torch.nn.LogSoftmax."""

    def forward(self, x: jt.Var) -> jt.Var:
        return log_softmax(x, self.dim)
