"""Hypotheses: the port does what Jittor is known to do otherwise, although both sides ask for the same.

Each is an experiment that belongs to one entry of the knowledge base: a change of the reference, or what
Jittor makes of the same input. An entry is named only where its experiment gives the port's tensor. To add
one, add an experiment for the entry here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness import knowledge
from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.diagnose.attributes import computed_with

# What makes the reference compute as Jittor does: entry, part of the type, attribute, its value, Jittor's.
_CHANGES: tuple[tuple[str, str, str, Any, Any], ...] = (
    ("pool-count", "avgpool", "count_include_pad", False, True),
    ("gelu-approximate", "gelu", "approximate", "tanh", "none"),
    ("variance-biased", "var", "unbiased", True, False),
    ("variance-biased", "var", "correction", 1, 0),
    ("interpolate-scale", "interpolate", "recompute_scale_factor", None, True),
    ("interpolate-scale", "upsample", "recompute_scale_factor", None, True),
)
_LARGEST_EXPONENT, _LEAST_LOGARITHM, _LEAST_SIGMOID = 88.0, -30.0, 9.36e-14


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Those on this layer; an attribute in which the sides differ is their own doing, not Jittor's."""
    kind = evidence.type.lower().replace("_", "")
    for entry, part, name, ours, its in _CHANGES:
        asked = evidence.attributes.get(name, ours)
        if part in kind and asked == ours and name not in evidence.differing:
            changes = {name: its}
            words = f"{computed_with(evidence, changes)}, as Jittor does whatever it is asked"
            if evidence.operation or name not in evidence.attributes:  # what the port asks for is not known
                words += ", or as the port asks for it"
            yield Trial(words, changes, entry=entry)
    same_shape = evidence.reference.shape == evidence.port.shape  # else they do not ask for the same
    if not same_shape or not evidence.inputs or evidence.inputs[0].dtype.kind != "f":
        return
    given = evidence.inputs[0].astype(np.float64)
    with np.errstate(all="ignore"):
        for entry, predicted in _made(kind, given, evidence.port.shape):
            words = f"what Jittor makes of it, or the port by itself: {knowledge.entry(entry).does}"
            yield Trial(words, predicted=predicted.astype(evidence.port.dtype), entry=entry)


def _made(kind: str, given: Array, shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
    """What Jittor makes of an input."""
    if kind.startswith("adaptive") and kind.endswith("pool2d") and given.ndim == len(shape) == 4:
        reduce = np.max if "max" in kind else np.mean
        yield "adaptive-pool", _one_window(given, shape[2:], reduce)
    if kind in ("relu", "relu6") and np.isnan(given).any():
        most = 6.0 if kind == "relu6" else np.inf
        yield "nan-lost", np.clip(np.nan_to_num(given, nan=0.0, posinf=np.inf), 0, most)
    if kind == "softplus":
        plain = np.logaddexp(given, 0)
        yield "logsumexp-overflow", np.where(given > _LARGEST_EXPONENT, np.inf, plain)
    if kind == "logsigmoid":
        yield "sigmoid-floor", np.maximum(-np.logaddexp(-given, 0), _LEAST_LOGARITHM)
    if kind == "round":
        yield "integer-division", np.trunc(given + np.copysign(0.5, given))


def _one_window(given: Array, wanted: tuple[int, ...], reduce: Any) -> Array:
    """An adaptive pooling with one window and one stride for the whole map."""
    sizes = given.shape[2:]
    strides = [size // count for size, count in zip(sizes, wanted, strict=True)]
    windows = [
        size - (count - 1) * stride for size, count, stride in zip(sizes, wanted, strides, strict=True)
    ]
    if 0 in strides:
        return np.full((*given.shape[:2], *wanted), np.nan)
    seen = np.lib.stride_tricks.sliding_window_view(given, windows, (2, 3))  # type: ignore[call-overload]
    return np.asarray(reduce(seen[:, :, :: strides[0], :: strides[1]], axis=(-2, -1)))


OF_STEPS = {
    "eps is added before the bias correction": "adam-eps",
    "momentum takes the share 1 - momentum of each gradient": "sgd-dampening",
}


def of_step(words: str) -> list[str]:
    """The entries whose deviation makes a step, as a hypothesis says it in words."""
    return [entry for said, entry in OF_STEPS.items() if said in words]
