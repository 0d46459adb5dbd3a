"""Losses with torch's arguments, whose means do not drift and whose gradients are torch's at the kinks."""

from __future__ import annotations

import jittor as jt

from ports_jittor.torchlike._common import constant
from ports_jittor.torchlike.activation import log_softmax, logsigmoid
from ports_jittor.torchlike.kinks import abs
from ports_jittor.torchlike.module import Module
from ports_jittor.torchlike.reduce import mean, sum


def cross_entropy(
    input: jt.Var,
    target: jt.Var,
    weight: jt.Var | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> jt.Var:
    """torch's cross_entropy of class numbers: Jittor's mean is 6e-3 off on large maps, bad labels pass."""
    logarithms = log_softmax(input, 1)
    loss = nll_loss(logarithms, target, weight, ignore_index, reduction)
    if not label_smoothing:
        return loss
    weighted = logarithms if weight is None else logarithms * _along_classes(weight, input)
    kept = target != ignore_index
    smooth = -sum(weighted, 1) * kept / input.shape[1]
    smooth = (
        _weighted_mean(smooth, _weights(target, weight, kept, input))
        if reduction == "mean"
        else _reduced(smooth, reduction)
    )
    share = constant(label_smoothing, input)
    return loss * (1 - share) + smooth * share


def nll_loss(
    input: jt.Var,
    target: jt.Var,
    weight: jt.Var | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> jt.Var:
    """torch's nll_loss of log-probabilities (N, C, ...) and class numbers (N, ...)."""
    kept = target != ignore_index
    _check_labels(target, kept, input.shape[1])
    classes = jt.index(input.shape, 1)
    chosen = (classes == target.unsqueeze(1)) & kept.unsqueeze(1)
    values = input if weight is None else input * _along_classes(weight, input)
    losses = -sum(jt.ternary(chosen, values, jt.zeros_like(values)), 1)
    if reduction == "mean":
        return _weighted_mean(losses, _weights(target, weight, kept, input))
    return _reduced(losses, reduction)


def binary_cross_entropy(
    input: jt.Var, target: jt.Var, weight: jt.Var | None = None, reduction: str = "mean"
) -> jt.Var:
    """torch's binary_cross_entropy: logarithms stop at -100 (Jittor: -46, and the gradient with it)."""
    losses = _BinaryCrossEntropy()(input, target)
    return _reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy_with_logits(
    input: jt.Var,
    target: jt.Var,
    weight: jt.Var | None = None,
    reduction: str = "mean",
    pos_weight: jt.Var | None = None,
) -> jt.Var:
    """torch's binary_cross_entropy_with_logits, with `reduction`, which Jittor's lacks."""
    factor = 1 if pos_weight is None else 1 + (pos_weight - 1) * target
    losses = (1 - target) * input - logsigmoid(input) * factor
    return _reduced(losses if weight is None else losses * weight, reduction)


def l1_loss(input: jt.Var, target: jt.Var, reduction: str = "mean") -> jt.Var:
    """torch's l1_loss: no gradient where both agree (Jittor: 1)."""
    return _reduced(abs(input - target), reduction)


def mse_loss(input: jt.Var, target: jt.Var, reduction: str = "mean") -> jt.Var:
    """torch's mse_loss."""
    return _reduced((input - target).sqr(), reduction)


def smooth_l1_loss(input: jt.Var, target: jt.Var, reduction: str = "mean", beta: float = 1.0) -> jt.Var:
    """torch's smooth_l1_loss, with `beta`."""
    difference = input - target
    if beta == 0:
        return _reduced(abs(difference), reduction)
    size = abs(difference)
    near = difference.sqr() * constant(0.5 / beta, difference)
    return _reduced(jt.ternary(size < beta, near, size - constant(beta / 2, difference)), reduction)


def kl_div(input: jt.Var, target: jt.Var, reduction: str = "mean", log_target: bool = False) -> jt.Var:
    """torch's kl_div of log-probabilities, which Jittor lacks; `batchmean` included."""
    if log_target:
        losses = jt.exp(target) * (target - input)
    else:
        positive = target > 0
        logarithm = jt.log(jt.ternary(positive, target, jt.ones_like(target)))
        losses = jt.ternary(positive, target * (logarithm - input), jt.zeros_like(target))
    if reduction == "batchmean":
        return sum(losses) / input.shape[0]
    return _reduced(losses, reduction)


class _BinaryCrossEntropy(jt.Function):
    def execute(self, p: jt.Var, target: jt.Var) -> jt.Var:
        self.p, self.target = p, target
        return -(target * _clamped_log(p) + (1 - target) * _clamped_log(1 - p))

    def grad(self, g: jt.Var) -> tuple[jt.Var, jt.Var]:
        p, least = self.p, constant(1e-12, self.p)
        slope = (p - self.target) / jt.maximum(p * (1 - p), jt.zeros_like(p) + least)
        return g * slope, g * (_clamped_log(1 - p) - _clamped_log(p))


class _Quotient(jt.Function):
    """a / b without a gradient for b, and with none at all where b is 0, as torch has it."""

    def execute(self, a: jt.Var, b: jt.Var) -> jt.Var:
        self.b = b
        return a / b

    def grad(self, g: jt.Var) -> tuple[jt.Var, None]:
        empty = self.b == 0
        return jt.ternary(empty, jt.zeros_like(g), g / jt.ternary(empty, jt.ones_like(self.b), self.b)), None


def _clamped_log(x: jt.Var) -> jt.Var:
    least = jt.zeros_like(x) + constant(1e-37, x)  # the logarithm of 0 may come out as anything
    return jt.ternary(
        x < least, jt.zeros_like(x) - 100, jt.maximum(jt.log(jt.maximum(x, least)), jt.zeros_like(x) - 100)
    )


def _check_labels(target: jt.Var, kept: jt.Var, classes: int) -> None:
    labels = target.numpy()
    wrong = labels[((labels < 0) | (labels >= classes)) & kept.numpy()]
    if wrong.size:
        raise IndexError(
            f"label {wrong[0]} among {classes} classes: allowed are 0 to {classes - 1} and ignore_index"
        )


def _along_classes(weight: jt.Var, input: jt.Var) -> jt.Var:
    return weight.reshape((1, -1, *[1] * (input.ndim - 2)))


def _weights(target: jt.Var, weight: jt.Var | None, kept: jt.Var, input: jt.Var) -> jt.Var:
    """What each target counts in the mean."""
    counted = kept.cast(input.dtype)
    return counted if weight is None else weight[jt.ternary(kept, target, jt.zeros_like(target))] * counted


def _weighted_mean(losses: jt.Var, weights: jt.Var) -> jt.Var:
    return _Quotient()(sum(losses), sum(weights).detach())


def _reduced(losses: jt.Var, reduction: str) -> jt.Var:
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction={reduction!r}; it may be 'mean', 'sum' or 'none'")
    return mean(losses) if reduction == "mean" else sum(losses)


class _Loss(Module):
    """A loss with nothing but a reduction."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction


class L1Loss(_Loss):
    """torch.nn.L1Loss."""

    def forward(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return l1_loss(input, target, self.reduction)


class MSELoss(_Loss):
    """torch.nn.MSELoss."""

    def forward(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return mse_loss(input, target, self.reduction)


class SmoothL1Loss(_Loss):
    """torch.nn.SmoothL1Loss."""

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = beta

    def forward(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return smooth_l1_loss(input, target, self.reduction, self.beta)


class KLDivLoss(_Loss):
    """torch.nn.KLDivLoss."""

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction)
        self.log_target = log_target

    def forward(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return kl_div(input, target, self.reduction, self.log_target)


class CrossEntropyLoss(_Loss):
    """torch.nn.CrossEntropyLoss."""

    def __init__(
        self,
        weight: jt.Var | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )


class BCELoss(_Loss):
    """torch.nn.BCELoss."""

    def __init__(self, weight: jt.Var | None = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)

    def forward(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return binary_cross_entropy(input, target, self.weight, self.reduction)


class BCEWithLogitsLoss(_Loss):
    """torch.nn.BCEWithLogitsLoss."""

    def __init__(
        self, weight: jt.Var | None = None, reduction: str = "mean", pos_weight: jt.Var | None = None
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: jt.Var, target: jt.Var) -> jt.Var:
        return binary_cross_entropy_with_logits(input, target, self.weight, self.reduction, self.pos_weight)
