"""Hypotheses: another activation, or none; each a function of the layer's input, in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial

Function = Callable[[Array], Array]
_LOOKED_AT = 64
_SLOPES = (0.01, 0.1, 0.2, 0.25, 0.3)
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_ERF = np.vectorize(math.erf, otypes=[np.float64])


def _leaky(x: Array, slope: float) -> Array:
    return np.where(x > 0, x, slope * x)


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


FUNCTIONS: dict[str, Function] = {
    "its input (the activation is missing)": lambda x: x,
    "ReLU": lambda x: np.maximum(x, 0),
    **{f"LeakyReLU with slope {slope:g}": partial(_leaky, slope=slope) for slope in _SLOPES},
    "ReLU6": lambda x: np.clip(x, 0, 6),
    "SiLU": lambda x: x * _sigmoid(x),
    "sigmoid": _sigmoid,
    "hard sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hard sigmoid with slope 0.2": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "hard swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "tanh": np.tanh,
    "hard tanh, between -1 and 1,": lambda x: np.clip(x, -1, 1),
    "softplus": lambda x: np.logaddexp(x, 0),
    "the logarithm of the sigmoid": lambda x: -np.logaddexp(-x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "Mish": lambda x: x * np.tanh(np.logaddexp(x, 0)),
    "ELU": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "SELU": lambda x: _SELU_SCALE * np.where(x > 0, x, _SELU_ALPHA * np.expm1(np.minimum(x, 0))),
    "the squared ReLU": lambda x: np.maximum(x, 0) ** 2,
    "the sigmoid form of GELU (x times the sigmoid of 1.702 x)": lambda x: x * _sigmoid(1.702 * x),
    "the tanh form of GELU": lambda x: (
        0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    ),
    "GELU": lambda x: 0.5 * x * (1 + _ERF(x / math.sqrt(2))),
    "the absolute value": np.abs,
}
KINDS = frozenset(
    name.lower()
    for name in (
        "ReLU", "relu", "LeakyReLU", "leaky_relu", "ReLU6", "SiLU", "silu", "GELU", "Sigmoid", "Tanh", "ELU",
        "Hardswish", "Hardsigmoid", "Softplus", "Mish", "PReLU", "SELU", "CELU", "Softsign", "Hardtanh",
        "LogSigmoid",
    )
)  # fmt: skip


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Every function of the one input of an activation; after any other layer, the function of its result."""
    activation = evidence.type.lower() in KINDS and len(evidence.inputs) == 1
    base = evidence.inputs[0] if activation else evidence.reference
    if base.shape != evidence.port.shape or base.dtype.kind != "f":
        return
    with np.errstate(all="ignore"):
        for name, function in FUNCTIONS.items():
            if (not activation and name.startswith("its input")) or not first_fits(evidence, function, base):
                continue
            words = name if activation else f"{name} of the reference's output"
            made = function(base.astype(np.float64)).astype(base.dtype)
            if activation or not np.array_equal(made, base):
                yield Trial(words, predicted=made)


def first_fits(evidence: DifferingLayer, function: Function, tensor: Array) -> bool:
    """Whether the function of a few elements leaves it open; so large tensors cost nothing."""
    few, its = (np.asarray(part.flat[:_LOOKED_AT], np.float64) for part in (tensor, evidence.port))
    gap = function(few) - its
    return bool(np.sqrt(np.sum(gap * gap, where=np.isfinite(gap))) <= evidence.floor)
