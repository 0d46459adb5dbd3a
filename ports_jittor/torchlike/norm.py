"""Normalisation: a variance in two passes, and running statistics kept as torch keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

import jittor as jt

from ports_jittor.torchlike import _kernels
from ports_jittor.torchlike._batch_norm import MANY, NormalizeBatch, normalize_by
from ports_jittor.torchlike._common import constant, wants_gradient
from ports_jittor.torchlike._kernels import moments, sum_and_dot
from ports_jittor.torchlike.broadcast import summed_like
from ports_jittor.torchlike.module import Module
from ports_jittor.torchlike.state import Parameter


class _Normalize(jt.Function):
    """(x - mean) / sqrt(variance + eps) * weight + bias with statistics over `dims`.

    Jittor takes the variance as E[x^2] - E[x]^2 in float32: worthless where the mean is far from 0.
    """

    def __init__(self, dims: Sequence[int], eps: float) -> None:
        self.dims, self.eps = dims, eps

    def execute(self, x: jt.Var, weight: jt.Var | None, bias: jt.Var | None) -> jt.Var:
        self.mean, self.variance = moments(x, self.dims)
        self.rstd = _root(self.variance, self.eps)
        self.x, self.weight, self.bias = x, weight, bias
        return _affine(x, self.mean, self.rstd, weight, bias)

    def grad(self, g: jt.Var) -> tuple[jt.Var | None, ...]:
        if self.weight is None or all(self.weight.shape[dim] == 1 for dim in self.dims):
            total, dot = sum_and_dot(g, self.x, self.mean, self.rstd, self.dims)
            scale = self.rstd if self.weight is None else self.rstd * self.weight
            to_input = self._input(g, total, dot) * scale
            return to_input, summed_like(dot, self.weight), summed_like(total, self.bias)
        weighted = g * self.weight
        total, dot = sum_and_dot(weighted, self.x, self.mean, self.rstd, self.dims)
        to_weight = summed_like(g * ((self.x - self.mean) * self.rstd), self.weight)
        return self._input(weighted, total, dot) * self.rstd, to_weight, summed_like(g, self.bias)

    def _input(self, g: jt.Var, total: jt.Var, dot: jt.Var) -> jt.Var:
        count = prod(self.x.shape[dim] for dim in self.dims)
        return g - total / count - (self.x - self.mean) * (self.rstd * dot / count)


class _FixedNormalize(jt.Function):
    """Each channel by given statistics, where gradients are wanted: Jittor's own of weight and bias drift.

    The backward pass takes a third of Jittor's.
    """

    def __init__(self, mean: jt.Var, variance: jt.Var, eps: float) -> None:
        self.mean, self.variance, self.eps = mean, variance, eps

    def execute(self, x: jt.Var, weight: jt.Var, bias: jt.Var) -> jt.Var:
        self.x, self.weight = x, weight
        return _by_channel(x, self.mean, self.variance, weight, bias, self.eps)

    def grad(self, g: jt.Var) -> tuple[jt.Var, jt.Var, jt.Var]:
        mean, rstd = _per_channel(g, self.mean), _root(_per_channel(g, self.variance), self.eps)
        dims = [dim for dim in range(g.ndim) if dim != 1]
        total, dot = sum_and_dot(g, self.x, mean, rstd, dims)
        scale = _per_channel(g, self.weight) * rstd
        return g * scale, dot.reshape(self.weight.shape), total.reshape(self.weight.shape)


def _by_channel(
    x: jt.Var, mean: jt.Var, variance: jt.Var, weight: jt.Var | None, bias: jt.Var | None, eps: float
) -> jt.Var:
    """Without gradients, where a kernel does it."""
    if weight is not None and bias is not None and x.numel() < MANY and _kernels.native(x):
        return normalize_by(x, mean, variance, weight, bias, eps)
    weight, bias = (None if one is None else _per_channel(x, one) for one in (weight, bias))
    return _affine(x, _per_channel(x, mean), _root(_per_channel(x, variance), eps), weight, bias)


def _per_channel(x: jt.Var, values: jt.Var) -> jt.Var:
    """Seen along the second dimension of `x`."""
    return values.reshape((1, x.shape[1]) + (1,) * (x.ndim - 2))


def _root(variance: jt.Var, eps: float) -> jt.Var:
    return 1 / jt.sqrt(variance + constant(eps, variance))


def _affine(x: jt.Var, mean: jt.Var, rstd: jt.Var, weight: jt.Var | None, bias: jt.Var | None) -> jt.Var:
    """One elementwise pass."""
    if weight is None:
        return (x - mean) * rstd
    result = (x - mean) * (rstd * weight) if weight.shape == rstd.shape else (x - mean) * rstd * weight
    return result if bias is None else result + bias


class _BatchNorm(Module):
    """torch's BatchNorm: two-pass variance, unbiased running variance, a batch counter in the state.

    `frozen` normalises with the running statistics in train mode too and leaves them as they are.
    """

    ranks: tuple[int, ...] = ()
    integer_buffers: ClassVar = {"num_batches_tracked": "batches_tracked"}  # Jittor has no int64 scalars

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats, self.frozen = affine, track_running_stats, False
        self.weight = Parameter(jt.ones(num_features)) if affine else None
        self.bias = Parameter(jt.zeros(num_features)) if affine else None
        self.register_buffer("running_mean", jt.zeros(num_features) if track_running_stats else None)
        self.register_buffer("running_var", jt.ones(num_features) if track_running_stats else None)
        self.batches_tracked = 0 if track_running_stats else None

    def forward(self, x: jt.Var) -> jt.Var:
        if x.ndim not in self.ranks or x.shape[1] != self.num_features:
            raise ValueError(
                f"{type(self).__name__}({self.num_features}) was given shape {tuple(x.shape)}; it takes "
                f"{' or '.join(map(str, self.ranks))} dimensions, the second of {self.num_features}"
            )
        if self.running_mean is not None and (self.frozen or not self.is_training()):
            if self.affine and wants_gradient(x, self.weight, self.bias):
                fixed = _FixedNormalize(self.running_mean, self.running_var, self.eps)
                return fixed(x, self.weight, self.bias)
            return _by_channel(x, self.running_mean, self.running_var, self.weight, self.bias, self.eps)
        count = x.numel() // self.num_features
        if count == 1 and self.is_training():
            raise ValueError(
                f"batch statistics need more than one value per channel, found shape {tuple(x.shape)}"
            )
        share = self._count_batch()
        if self.running_mean is not None and self.affine and _kernels.native(x):
            joined = NormalizeBatch(self.eps, share, (self.running_mean, self.running_var))
            result = joined(x, self.weight, self.bias)
            self._track(*joined.running)
            return result
        normalize = _Normalize([dim for dim in range(x.ndim) if dim != 1], self.eps)
        learned = (None if one is None else _per_channel(x, one) for one in (self.weight, self.bias))
        result = normalize(x, *learned)
        if self.running_mean is not None:
            unbiased = normalize.variance * constant(count / (count - 1), x)
            self._track(
                _towards(self.running_mean, normalize.mean, share),
                _towards(self.running_var, unbiased, share),
            )
        return result

    def _count_batch(self) -> float:
        """How far the running statistics go towards this batch's; without a momentum, to the mean of all."""
        if self.batches_tracked is None:
            return 0.0
        self.batches_tracked += 1
        return 1 / self.batches_tracked if self.momentum is None else self.momentum

    def _track(self, mean: jt.Var, variance: jt.Var) -> None:
        self.running_mean.update(mean.detach())
        self.running_var.update(variance.detach())


def _towards(running: jt.Var, batch: jt.Var, share: float) -> jt.Var:
    return running + (batch.reshape(running.shape) - running) * constant(share, running)


class BatchNorm1d(_BatchNorm):
    """torch.nn.BatchNorm1d."""

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """torch.nn.BatchNorm2d."""

    ranks = (4,)


class SyncBatchNorm(_BatchNorm):
    """torch.nn.SyncBatchNorm in one process: plain batch normalisation."""

    ranks = (2, 3, 4, 5)


def freeze_batch_norm(module: jt.nn.Module, frozen: bool = True) -> None:
    """Let every BatchNorm of `module` use its running statistics and keep them, in train mode too."""
    for child in module.modules():
        if isinstance(child, _BatchNorm):
            child.frozen = frozen


def layer_norm(
    x: jt.Var,
    normalized_shape: Sequence[int],
    weight: jt.Var | None = None,
    bias: jt.Var | None = None,
    eps: float = 1e-5,
) -> jt.Var:
    """torch's layer_norm over the last dimensions."""
    shape = tuple(normalized_shape)
    if tuple(x.shape[-len(shape) :]) != shape:
        raise ValueError(f"layer_norm over {shape} was given shape {tuple(x.shape)}")
    weight, bias = (
        None if one is None else one.reshape((*[1] * (x.ndim - len(shape)), *shape)) for one in (weight, bias)
    )
    return _Normalize(range(x.ndim - len(shape), x.ndim), eps)(x, weight, bias)


def channel_layer_norm(x: jt.Var, weight: jt.Var | None, bias: jt.Var | None, eps: float = 1e-5) -> jt.Var:
    """Layer normalisation of (N, C, H, W) over the channels of each pixel, without moving them to the end."""
    weight, bias = (None if one is None else one.reshape((1, -1, 1, 1)) for one in (weight, bias))
    return _Normalize([1], eps)(x, weight, bias)


def group_norm(
    x: jt.Var, num_groups: int, weight: jt.Var | None = None, bias: jt.Var | None = None, eps: float = 1e-5
) -> jt.Var:
    """torch's group_norm; with a group a channel also its instance_norm."""
    n, channels = x.shape[:2]
    if channels % num_groups:
        raise ValueError(f"group_norm: {channels} channels do not divide into {num_groups} groups")
    split = x.reshape((n, num_groups, channels // num_groups, -1))
    weight, bias = (None if one is None else one.reshape((1, *split.shape[1:3], 1)) for one in (weight, bias))
    return _Normalize([2, 3], eps)(split, weight, bias).reshape(x.shape)


class LayerNorm(Module):
    """torch.nn.LayerNorm."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.weight = Parameter(jt.ones(shape)) if elementwise_affine else None
        self.bias = Parameter(jt.zeros(shape)) if elementwise_affine and bias else None

    def forward(self, x: jt.Var) -> jt.Var:
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)


class GroupNorm(Module):
    """torch.nn.GroupNorm."""

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        super().__init__()
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.weight = Parameter(jt.ones(num_channels)) if affine else None
        self.bias = Parameter(jt.zeros(num_channels)) if affine else None

    def forward(self, x: jt.Var) -> jt.Var:
        return group_norm(x, self.num_groups, self.weight, self.bias, self.eps)
