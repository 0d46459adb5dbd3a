"""Reductions: sums and means that do not drift, torch's variance, maxima that are right at ties."""

from __future__ import annotations

from math import inf, prod
from typing import Sequence, Union

import jittor as jt

from ports_jittor.torchlike._common import constant
from ports_jittor.torchlike._kernels import moments, normal_dims, staged_sum, sums

Dims = Union[int, Sequence[int], None]


def sum(x: jt.Var, dim: Dims = None, keepdim: bool = False) -> jt.Var:
    """torch.sum: Jittor adds float32 numbers one after another (3e-5 off after a million elements)."""
    dims = normal_dims(x, dim)
    if not x.dtype.is_float():
        return _shaped(staged_sum(x.int64(), dims), dims, keepdim)
    return _shaped(_Sum(dims)(x), dims, keepdim)


def mean(x: jt.Var, dim: Dims = None, keepdim: bool = False) -> jt.Var:
    """torch.mean: Jittor scales each element by 1/n before it adds (3e-2 off after 4 million ones)."""
    return sum(x, dim, keepdim) / _count(x, normal_dims(x, dim))


def var(x: jt.Var, dim: Dims = None, correction: int = 1, keepdim: bool = False) -> jt.Var:
    """torch.var: unbiased by default (Jittor's is biased), in two passes."""
    dims = normal_dims(x, dim)
    count = _count(x, dims)
    scale = count / (count - correction) if count > correction else inf
    return _shaped(_Variance(dims)(x) * constant(scale, x), dims, keepdim)


def std(x: jt.Var, dim: Dims = None, correction: int = 1, keepdim: bool = False) -> jt.Var:
    """torch.std: without Jittor's floor of 1e-6 under the variance."""
    return jt.sqrt(var(x, dim, correction, keepdim))


def amax(x: jt.Var, dim: Dims = None, keepdim: bool = False) -> jt.Var:
    """torch.amax: tied maxima share the gradient; Jittor gives all of it to each, and need not count them."""
    dims = normal_dims(x, dim)
    return _shaped(_Extreme(dims, "maximum")(x), dims, keepdim)


def amin(x: jt.Var, dim: Dims = None, keepdim: bool = False) -> jt.Var:
    """torch.amin: tied minima share the gradient; Jittor gives all of it to each."""
    dims = normal_dims(x, dim)
    return _shaped(_Extreme(dims, "minimum")(x), dims, keepdim)


def max(x: jt.Var, dim: int, keepdim: bool = False) -> tuple[jt.Var, jt.Var]:
    """torch.max over one dimension: (values, indices), the first at ties; Jittor: values alone."""
    return _chosen(x, jt.argmax(x, dim, True)[0], dim, keepdim)


def min(x: jt.Var, dim: int, keepdim: bool = False) -> tuple[jt.Var, jt.Var]:
    """torch.min over one dimension: (values, indices), the first at ties; Jittor: values alone."""
    return _chosen(x, jt.argmin(x, dim, True)[0], dim, keepdim)


def logsumexp(x: jt.Var, dim: Dims, keepdim: bool = False) -> jt.Var:
    """torch.logsumexp: takes the largest element out first; Jittor's overflows above 88."""
    dims = normal_dims(x, dim)
    return _shaped(_LogSumExp(dims)(x), dims, keepdim)


class _Sum(jt.Function):
    def __init__(self, dims: tuple[int, ...]) -> None:
        self.dims = dims

    def execute(self, x: jt.Var) -> jt.Var:
        self.shape = x.shape
        return sums(x, self.dims)

    def grad(self, g: jt.Var) -> jt.Var:
        return g.broadcast(self.shape)


class _Variance(jt.Function):
    def __init__(self, dims: tuple[int, ...]) -> None:
        self.dims = dims

    def execute(self, x: jt.Var) -> jt.Var:
        self.x = x
        self.mean, variance = moments(x, self.dims)
        return variance

    def grad(self, g: jt.Var) -> jt.Var:
        return (self.x - self.mean) * (g * constant(2 / _count(self.x, self.dims), g))


class _Extreme(jt.Function):
    def __init__(self, dims: tuple[int, ...], which: str) -> None:
        self.dims, self.which = dims, which

    def execute(self, x: jt.Var) -> jt.Var:
        self.x, self.extreme = x, x.reduce(self.which, self.dims, True)
        return self.extreme

    def grad(self, g: jt.Var) -> jt.Var:
        tied = (self.x == self.extreme).cast(self.x.dtype)
        return tied * (g / sums(tied, self.dims))


class _LogSumExp(jt.Function):
    def __init__(self, dims: tuple[int, ...]) -> None:
        self.dims = dims

    def execute(self, x: jt.Var) -> jt.Var:
        self.x, self.largest = x, x.reduce("maximum", self.dims, True)
        self.powers = sums(jt.exp(x - self.largest), self.dims)
        return jt.log(self.powers) + self.largest

    def grad(self, g: jt.Var) -> jt.Var:
        return jt.exp(self.x - self.largest) * (g / self.powers)


def _count(x: jt.Var, dims: tuple[int, ...]) -> int:
    return prod(x.shape[dim] for dim in dims)


def _shaped(kept: jt.Var, dims: tuple[int, ...], keepdim: bool) -> jt.Var:
    if keepdim:
        return kept
    return kept.reshape([size for dim, size in enumerate(kept.shape) if dim not in dims] or [1])


def _chosen(x: jt.Var, index: jt.Var, dim: int, keepdim: bool) -> tuple[jt.Var, jt.Var]:
    values, dims = x.gather(dim, index), normal_dims(x, dim)
    return _shaped(values, dims, keepdim), _shaped(index, dims, keepdim)
