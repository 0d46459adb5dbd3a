"""Products with a factor that is broadcast: its gradient is a sum, which Jittor takes slowly, with drift."""

from __future__ import annotations

import jittor as jt

from ports_jittor.torchlike._common import wants_gradient
from ports_jittor.torchlike._kernels import sums


def multiply(factor: jt.Var, x: jt.Var) -> jt.Var:
    """`factor * x` where `factor` has size 1 in some dimensions of `x`, such as one number a channel."""
    return _Product()(factor, x) if wants_gradient(factor) else factor * x


def summed_like(g: jt.Var, like: jt.Var | None) -> jt.Var | None:
    """A gradient brought to the shape of what was broadcast."""
    if like is None or g.shape == like.shape:
        return None if like is None else g
    return sums(g, [dim for dim, size in enumerate(like.shape) if size == 1 and g.shape[dim] > 1])


class _Product(jt.Function):
    def execute(self, factor: jt.Var, x: jt.Var) -> jt.Var:
        self.factor, self.x = factor, x
        return factor * x

    def grad(self, g: jt.Var) -> tuple[jt.Var | None, jt.Var]:
        return summed_like(g * self.x, self.factor), g * self.factor
