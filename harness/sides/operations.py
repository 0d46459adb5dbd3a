"""Operations between modules: which ones are recorded, and one name for each across the frameworks.

Operations that only move data (reshape, permute, slicing, gather) are left out: they cannot round, and what
they return is compared as the input of the layer or operation that takes it. A scatter may add up.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any

from harness.older_python import without_prefix

# fmt: off
OPERATIONS = frozenset([
    "add", "sub", "mul", "div", "pow", "neg", "abs", "exp", "expm1", "log", "log2", "log10", "log1p", "sqrt",
    "rsqrt", "reciprocal", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "asinh",
    "acosh", "atanh", "erf", "erfinv", "hypot", "clamp", "where", "maximum", "minimum", "matmul",
    "baddbmm", "einsum", "tensordot", "outer", "kron", "cross", "bilinear", "det", "inv", "pinv", "cholesky",
    "solve", "cat", "stack", "sum", "mean", "var", "std", "median", "max", "min", "amax", "amin", "argmax",
    "argmin", "prod", "cumsum", "cumprod", "norm", "logsumexp", "softmax", "softmin", "log_softmax",
    "sigmoid", "logsigmoid", "tanh", "relu", "relu6", "leaky_relu", "prelu", "silu", "gelu", "elu", "selu",
    "celu", "glu", "mish", "softplus", "softsign", "softshrink", "hardshrink", "tanhshrink", "threshold",
    "hardtanh", "hardsigmoid", "hardswish", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
    "conv_transpose2d", "conv_transpose3d", "linear", "interpolate", "grid_sample", "affine_grid", "pad",
    "fold", "unfold", "pixel_shuffle", "pixel_unshuffle", "max_pool1d", "max_pool2d", "max_pool3d",
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d", "adaptive_avg_pool1d",
    "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d", "batch_norm", "layer_norm",
    "group_norm", "instance_norm", "rms_norm", "local_response_norm", "normalize", "cosine_similarity",
    "pairwise_distance", "cross_entropy", "nll_loss", "kl_div", "ctc_loss", "l1_loss", "mse_loss",
    "huber_loss", "smooth_l1_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "scaled_dot_product_attention", "multi_head_attention_forward", "scatter", "index_add",
])
# fmt: on

_OTHER_NAMES = {
    "subtract": "sub",
    "rsub": "sub",
    "radd": "add",
    "iadd": "add",
    "isub": "sub",
    "multiply": "mul",
    "rmul": "mul",
    "imul": "mul",
    "divide": "div",
    "truediv": "div",
    "rtruediv": "div",
    "itruediv": "div",
    "true_divide": "div",
    "rdiv": "div",
    "power": "pow",
    "rpow": "pow",
    "ipow": "pow",
    "negative": "neg",
    "absolute": "abs",
    "clip": "clamp",
    "concat": "cat",
    "concatenate": "cat",
    "rmatmul": "matmul",
    "bmm": "matmul",
    "scatter_add": "scatter",
    "scatter_reduce": "scatter",
    "matmul_transpose": "matmul",
    "channel_layer_norm": "layer_norm",
    "conv": "conv2d",
    "conv_transpose": "conv_transpose2d",
    "upsample": "interpolate",
    "cross_entropy_loss": "cross_entropy",
    "resize": "interpolate",
    "reduce_add": "sum",
    "reduce_maximum": "max",
    "reduce_minimum": "min",
    "swish": "silu",
    "log_sigmoid": "logsigmoid",
    "bce_loss": "binary_cross_entropy",
    "upsample_bilinear": "interpolate",
    "upsample_nearest": "interpolate",
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")},
}
_SPACES = ("linalg_", "special_")
"""Torch writes the name space of some functions into their names."""


@functools.lru_cache(maxsize=1024)
def canonical(name: str) -> str | None:
    """The common name of a framework's operation, or None where it is not recorded."""
    plain = name.strip("_") if name.startswith("__") else name.rstrip("_")
    for space in _SPACES:
        plain = without_prefix(plain, space)
    plain = _OTHER_NAMES.get(plain, plain)
    return plain if plain in OPERATIONS else None


def function_of(kind: str) -> str | None:
    """The operation that a layer of the class of this name computes: adaptive_avg_pool2d, or None."""
    return _BY_LETTERS.get(kind.lower().replace("_", ""))


_BY_LETTERS = {
    name.replace("_", ""): operation
    for name, operation in [*_OTHER_NAMES.items(), *((name, name) for name in OPERATIONS)]
}
_POOLS = {"maximum": "max", "mean": "avg"}


def pooling(kind: str, axes: int) -> str | None:
    """The operation that a general pooling is when it takes the largest or the mean, over so many axes."""
    return f"{_POOLS[kind]}_pool{axes}d" if kind in _POOLS else None


_DRAWS = frozenset([
    "rand", "rand_like", "randn", "randn_like", "randint", "randint_like", "randperm", "random", "normal",
    "uniform", "bernoulli", "multinomial", "poisson", "exponential", "geometric", "cauchy", "log_normal",
    "gauss", "binomial", "rrelu", "gumbel_softmax", "fractional_max_pool2d", "fractional_max_pool3d",
])  # fmt: skip


@functools.lru_cache(maxsize=1024)
def draws(name: str) -> bool:
    """Whether a framework's function of this name draws at random."""
    return name.rstrip("_") in _DRAWS


def other_operation(name: str, function: Callable[..., Any], tensor: Any) -> Callable[..., Any]:
    """Another operation by its name: a method of tensors, a neighbour of the function, or one of layers."""
    method: Callable[..., Any] | None = getattr(type(tensor), name, None)
    if method is not None:
        return method
    framework = type(tensor).__module__.partition(".")[0]
    places = [getattr(function, "__module__", None), f"{framework}.nn.functional", f"{framework}.nn"]
    for place in filter(None, places):
        with contextlib.suppress(ImportError, AttributeError):
            found: Callable[..., Any] = getattr(import_module(place), name)
            return found
    raise AttributeError(f"{framework} has no operation {name}")
