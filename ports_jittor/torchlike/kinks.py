"""Functions with a kink, with torch's gradient exactly at it; each is one expression that fuses."""

from __future__ import annotations

import jittor as jt

from ports_jittor.torchlike._common import constant


def abs(x: jt.Var) -> jt.Var:
    """torch.abs: no gradient at 0 (Jittor: 1 or -1)."""
    return jt.ternary(x > 0, x, jt.ternary(x < 0, -x, jt.zeros_like(x)))


def maximum(a: jt.Var, b: jt.Var) -> jt.Var:
    """torch.maximum: where both are equal each has half of the gradient (Jittor: one has all)."""
    return jt.ternary(a > b, a, jt.ternary(b > a, b, (a + b) / 2))


def minimum(a: jt.Var, b: jt.Var) -> jt.Var:
    """torch.minimum: where both are equal each has half of the gradient (Jittor: one has all)."""
    return jt.ternary(a < b, a, jt.ternary(b < a, b, (a + b) / 2))


def clamp(x: jt.Var, min: float | None = None, max: float | None = None) -> jt.Var:
    """torch.clamp: the bounds themselves pass the gradient on (Jittor: not)."""
    if min is not None:
        x = jt.ternary(x >= min, x, jt.zeros_like(x) + constant(min, x))
    if max is not None:
        x = jt.ternary(x <= max, x, jt.zeros_like(x) + constant(max, x))
    return x
