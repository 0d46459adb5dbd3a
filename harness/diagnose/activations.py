"""Hypotheses: another activation, or none; each a function of the layer's input, in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial

Function = Callable[[Array], Array]
_ERF = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


FUNCTIONS: dict[str, Function] = {
    "its input (the activation is missing)": lambda x: x,
    "ReLU": lambda x: np.maximum(x, 0),
    "LeakyReLU with slope 0.01": lambda x: np.where(x > 0, x, 0.01 * x),
    "LeakyReLU with slope 0.1": lambda x: np.where(x > 0, x, 0.1 * x),
    "LeakyReLU with slope 0.2": lambda x: np.where(x > 0, x, 0.2 * x),
    "ReLU6": lambda x: np.clip(x, 0, 6),
    "SiLU": lambda x: x * _sigmoid(x),
    "sigmoid": _sigmoid,
    "hard sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hard swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "tanh": np.tanh,
    "softplus": lambda x: np.logaddexp(x, 0),
    "ELU": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
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
        "Hardswish", "Hardsigmoid", "Softplus", "Mish", "PReLU",
    )
)  # fmt: skip


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """Every function of the one input of an activation; after any other layer, the function of its result."""
    activation = evidence.type.lower() in KINDS and len(evidence.inputs) == 1
    base = evidence.inputs[0] if activation else evidence.reference
    if base.shape != evidence.port.shape or base.dtype.kind != "f":
        return
    wide = base.astype(np.float64)
    with np.errstate(all="ignore"):
        for name, function in FUNCTIONS.items():
            if not activation and name.startswith("its input"):
                continue
            words = name if activation else f"{name} of the reference's output"
            yield Trial(words, predicted=function(wide).astype(base.dtype))
