"""Dropout that drops in training from the start; Jittor's waits until train() is called."""

from __future__ import annotations

import jittor as jt

from ports_jittor.torchlike._common import constant
from ports_jittor.torchlike.module import Module


def dropout(x: jt.Var, p: float = 0.5, training: bool = True, inplace: bool = False) -> jt.Var:
    """torch's dropout of single elements; Jittor's drops only in training mode."""
    return dropped(x, p, list(x.shape)) if training else x


def dropout2d(x: jt.Var, p: float = 0.5, training: bool = True, inplace: bool = False) -> jt.Var:
    """torch's dropout of whole channels."""
    return dropped(x, p, [*x.shape[:2], *[1] * (x.ndim - 2)]) if training else x


def dropped(x: jt.Var, p: float, shape: list[int]) -> jt.Var:
    """What is left of `x`; one draw decides for all that `shape` stretches over."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p={p}; it must lie between 0 and 1")
    if p == 0:
        return x
    if p == 1:
        return x * 0
    kept = jt.random(shape) >= p
    return jt.ternary(kept.broadcast(x.shape), x * constant(1 / (1 - p), x), jt.zeros_like(x))


class Dropout(Module):
    """torch.nn.Dropout; the second argument is inplace, in Jittor it means is_train."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        self.p, self.inplace = p, inplace

    def forward(self, x: jt.Var) -> jt.Var:
        return dropout(x, self.p, self.is_training())


class Dropout2d(Dropout):
    """torch.nn.Dropout2d."""

    def forward(self, x: jt.Var) -> jt.Var:
        return dropout2d(x, self.p, self.is_training())
