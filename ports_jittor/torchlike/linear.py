"""Matrix products whose backward is as fast as their forward, and linear layers."""

from __future__ import annotations

from math import prod

import jittor as jt

from harness.older_python import strict_zip
from ports_jittor.torchlike._common import default_weights, wants_gradient
from ports_jittor.torchlike._kernels import sums
from ports_jittor.torchlike.module import Module


def bmm(a: jt.Var, b: jt.Var) -> jt.Var:
    """torch.bmm: on the CPU Jittor's backward takes 20 to 140 times as long as this one."""
    if a.ndim != 3 or b.ndim != 3 or a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        raise ValueError(f"bmm: shapes {tuple(a.shape)} and {tuple(b.shape)}; use (b, n, m) and (b, m, p)")
    return _BatchProduct()(a, b)


def matmul(a: jt.Var, b: jt.Var) -> jt.Var:
    """torch.matmul: products of vectors, matrices and broadcast batches, by bmm where both are batches."""
    if a.ndim == 1 or b.ndim == 1:
        left, right = (a.unsqueeze(0) if a.ndim == 1 else a), (b.unsqueeze(-1) if b.ndim == 1 else b)
        product = matmul(left, right)
        shape = [
            *product.shape[:-2],
            *[product.shape[-2]] * (a.ndim > 1),
            *[product.shape[-1]] * (b.ndim > 1),
        ]
        return product.reshape(shape or [1])
    if b.ndim == 2:
        rows = jt.matmul(a.reshape((-1, a.shape[-1])), b)
        return rows.reshape((*a.shape[:-1], b.shape[-1]))
    batch = _broadcast_shape(tuple(a.shape[:-2]), tuple(b.shape[:-2]))
    left, right = (x.broadcast((*batch, *x.shape[-2:])).reshape((prod(batch), *x.shape[-2:])) for x in (a, b))
    return bmm(left, right).reshape((*batch, a.shape[-2], b.shape[-1]))


def linear(x: jt.Var, weight: jt.Var, bias: jt.Var | None = None) -> jt.Var:
    """torch's linear; the gradient of the bias does not drift."""
    rows = jt.nn.matmul_transpose(x.reshape((-1, x.shape[-1])), weight)
    return add_bias(rows.reshape((*x.shape[:-1], weight.shape[0])), bias, -1)


def add_bias(x: jt.Var, bias: jt.Var | None, dim: int) -> jt.Var:
    """Add one number for each place in `dim`; the gradient of Jittor's own drifts on large maps."""
    if bias is None:
        return x
    function = _AddBias(dim % x.ndim)
    return function(x, bias) if wants_gradient(bias) else function.execute(x, bias)


class _AddBias(jt.Function):
    def __init__(self, dim: int) -> None:
        self.dim = dim

    def execute(self, x: jt.Var, bias: jt.Var) -> jt.Var:
        return x + bias.reshape([-1 if dim == self.dim else 1 for dim in range(x.ndim)])

    def grad(self, g: jt.Var) -> tuple[jt.Var, jt.Var]:
        return g, sums(g, [dim for dim in range(g.ndim) if dim != self.dim]).reshape((-1,))


class _BatchProduct(jt.Function):
    """The gradients are products of transposed copies; Jittor's own backward reads across rows instead."""

    def execute(self, a: jt.Var, b: jt.Var) -> jt.Var:
        self.a, self.b = a, b
        return jt.nn.bmm(a, b)

    def grad(self, g: jt.Var) -> tuple[jt.Var, jt.Var]:
        return jt.nn.bmm(g, self.b.transpose(0, 2, 1)), jt.nn.bmm(self.a.transpose(0, 2, 1), g)


def _broadcast_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    longest = max(len(a), len(b))
    pairs = strict_zip((1,) * (longest - len(a)) + a, (1,) * (longest - len(b)) + b)
    return tuple(max(sizes) for sizes in pairs)


class Linear(Module):
    """torch.nn.Linear."""

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight, self.bias = default_weights((out_features, in_features), out_features if bias else None)

    def forward(self, x: jt.Var) -> jt.Var:
        return linear(x, self.weight, self.bias)
