"""The losses of the option files: distances of planes, with or without a map of weights."""

from __future__ import annotations

from collections.abc import Callable

from jittor import Var as Tensor

from ports_jittor.torchlike import kinks, reduce

RELATIVE_EPS, CHARBONNIER_EPS = 1e-8, 1e-12


def absolute(prediction: Tensor, target: Tensor) -> Tensor:
    """The distance of each element."""
    return kinks.abs(prediction - target)


def squared(prediction: Tensor, target: Tensor) -> Tensor:
    """The squared distance of each element."""
    return (prediction - target).sqr()


def relative(prediction: Tensor, target: Tensor) -> Tensor:
    """The distance of each element over its target."""
    return kinks.abs(prediction - target) / (target + RELATIVE_EPS)


def charbonnier(prediction: Tensor, target: Tensor) -> Tensor:
    """The distance of each element, smooth at zero."""
    return ((prediction - target).sqr() + CHARBONNIER_EPS).sqrt()


def weighted(values: Tensor, weight: Tensor | None = None, reduction: str = "mean") -> Tensor:
    """The sum, or the mean by the sum of weights; a map of one plane weighs all planes."""
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction {reduction!r}; it may be mean or sum")
    if weight is None:
        return reduce.mean(values) if reduction == "mean" else reduce.sum(values)
    total = reduce.sum(values * weight)
    if reduction == "sum":
        return total
    planes = values.shape[1] if weight.shape[1] == 1 else 1
    return total / (reduce.sum(weight) * planes)


def pixel_loss(
    prediction: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    kind: Callable[[Tensor, Tensor], Tensor] = absolute,
    scale: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """A loss of the option files; theirs is the plain mean of absolute distances."""
    return scale * weighted(kind(prediction, target), weight, reduction)
