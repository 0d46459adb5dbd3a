"""Gradients as torch gives them: a variable that the loss does not reach has none."""

from __future__ import annotations

from collections.abc import Sequence

import jittor as jt

from ports_jittor.torchlike.nodes import number


def gradients(loss: jt.Var, variables: Sequence[jt.Var], retain_graph: bool = True) -> list[jt.Var | None]:
    """The gradient of each variable; None where no path leads from it to the loss.

    `jt.grad` makes zeros in the place of a missing gradient, and makes them after all others. A variable that
    surely has no gradient goes first, so everything numbered after its zeros is missing, too. One case
    differs: torch gives zeros behind `floor`, `ceil`, `round` and `sign`, Jittor gives nothing.
    """
    if not variables:
        return []
    with jt.flag_scope(log_silent=1):  # Jittor warns of the first, too
        marker, *found = jt.grad(loss, [jt.zeros(1), *variables], retain_graph=retain_graph)
    return [None if number(gradient) > number(marker) else gradient for gradient in found]
