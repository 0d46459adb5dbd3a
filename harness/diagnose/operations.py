"""Hypotheses: another operation stands in the place of the reference's, given the same."""

from __future__ import annotations

from collections.abc import Iterator

from harness.diagnose._evidence import DifferingLayer, Trial
from harness.diagnose.losses import KIN

# Beside those that are often exchanged in losses: operations between layers.
_KIN: tuple[tuple[str, ...], ...] = (
    *KIN,
    ("mean", "amax", "amin", "sum"),
    ("max_pool2d", "avg_pool2d"),
    ("adaptive_avg_pool2d", "adaptive_max_pool2d"),
    ("relu", "sigmoid", "tanh", "silu", "gelu", "softplus", "elu", "leaky_relu", "exp"),
)


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Every operation that takes the same; layers have theirs in `attributes`."""
    if not evidence.operation:
        return
    own = evidence.type
    others = [other for kin in _KIN if own in kin for other in kin if other != own]
    for other in dict.fromkeys(others):
        yield Trial(f"the reference computed as {other} in place of {own}", kind=other)
