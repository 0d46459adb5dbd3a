"""Names of a node in the graph of Jittor: an operation in place lets a variable name another node."""

from __future__ import annotations

from typing import Any

import jittor as jt


def second_name(tensor: Any) -> Any:
    """Another variable of the same node: an operation in place on the one leaves the other as it is."""
    held = jt.zeros(1).start_grad()
    held.assign(tensor)
    return held
