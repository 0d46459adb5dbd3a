"""What tells the nodes of Jittor's graph apart."""

from __future__ import annotations

import re

import jittor as jt

_NUMBER = re.compile(r"Var\((\d+):")


def number(variable: jt.Var) -> int:
    """The number of a variable's node: nodes are counted as they are made, and no number comes again.

    Jittor tells it since 1.3.8; before, it stands in what a variable says of itself to who looks for a fault.
    """
    known: int | None = getattr(variable, "id", None)
    if known is not None:
        return known
    said = _NUMBER.match(variable.debug_msg())
    if said is None:
        raise RuntimeError(f"this Jittor does not tell the number of a node: {variable.debug_msg()[:100]}")
    return int(said.group(1))
