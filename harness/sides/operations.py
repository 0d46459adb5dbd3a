"""Operations between modules: which ones are recorded, and one name for each across the frameworks.

Operations that only move data (reshape, permute, slicing) are left out: they cannot round, and what they
return is compared as the input of the next layer.
"""

from __future__ import annotations

# fmt: off
OPERATIONS = frozenset([
    "add", "sub", "mul", "div", "pow", "neg", "abs", "exp", "log", "sqrt", "rsqrt", "reciprocal",
    "clamp", "where", "maximum", "minimum", "matmul", "bmm", "einsum", "cat", "stack", "sum", "mean",
    "var", "std", "max", "min", "amax", "amin", "argmax", "prod", "cumsum", "norm", "logsumexp",
    "softmax", "log_softmax", "sigmoid", "logsigmoid", "tanh", "relu", "relu6", "leaky_relu", "silu",
    "gelu", "elu", "mish", "softplus", "hardsigmoid", "hardswish", "conv1d", "conv2d", "conv3d",
    "conv_transpose2d", "linear", "interpolate", "grid_sample", "pad", "unfold", "pixel_shuffle",
    "pixel_unshuffle", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d",
    "batch_norm", "layer_norm", "group_norm", "instance_norm", "normalize", "cosine_similarity",
    "cross_entropy", "l1_loss", "mse_loss", "smooth_l1_loss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "scaled_dot_product_attention",
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
}


def canonical(name: str) -> str | None:
    """The common name of a framework's operation, or None where it is not recorded."""
    plain = name.strip("_") if name.startswith("__") else name.rstrip("_")
    plain = _OTHER_NAMES.get(plain, plain)
    return plain if plain in OPERATIONS else None


_DRAWS = frozenset([
    "rand", "rand_like", "randn", "randn_like", "randint", "randint_like", "randperm", "random", "normal",
    "uniform", "bernoulli", "multinomial", "poisson", "exponential", "geometric", "cauchy", "log_normal",
    "gauss", "binomial", "rrelu", "gumbel_softmax", "fractional_max_pool2d", "fractional_max_pool3d",
])  # fmt: skip
DRAWS = sorted([*_DRAWS, *(f"{name}_" for name in _DRAWS)])


def draws(name: str) -> bool:
    """Whether a framework's function of this name draws at random."""
    return name.rstrip("_") in _DRAWS


def spellings(operation: str) -> list[str]:
    """Every name under which a framework may offer `operation`, operators included."""
    names = [operation, *(other for other, known in _OTHER_NAMES.items() if known == operation)]
    return names + [f"__{name}__" for name in names]
