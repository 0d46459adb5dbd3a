"""What several parts need."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import jittor as jt
import numpy as np
from numpy.typing import NDArray


def pair(value: int | Sequence[int]) -> tuple[int, int]:
    """(height, width) from one number for both, or from two."""
    if isinstance(value, (int, np.integer)):
        return int(value), int(value)
    height, width = value
    return int(height), int(width)


def constant(value: float, like: jt.Var) -> float | jt.Var:
    """A number in the precision of `like`: a Python number in a float64 expression becomes float32."""
    return jt.array64(np.array([value])) if str(like.dtype) == "float64" else value


def wants_gradient(*values: jt.Var | None) -> bool:
    """Whether a gradient of one of these may be asked for."""
    return not jt.flags.no_grad and any(v is not None and not v.is_stop_grad() for v in values)


def let_learn(variables: Iterable[jt.Var]) -> None:
    """Have variables learn, even while no gradients are kept: before Jittor 1.3.10 that froze them."""
    with jt.flag_scope(no_grad=0):
        for variable in variables:
            variable.start_grad()


def variable(array: NDArray[np.generic]) -> jt.Var:
    """A Var of the array's own type: jt.array makes float64 and int64 narrower."""
    return jt.array64(array) if array.dtype.itemsize == 8 else jt.array(array)


def default_weights(shape: Sequence[int], bias: int | None) -> tuple[jt.Var, jt.Var | None]:
    """torch's default start: uniform within one over the root of the fan-in, weight and bias alike."""
    bound = 1 / math.sqrt(math.prod(shape[1:]))
    weight = jt.init.uniform(tuple(shape), "float32", -bound, bound)
    return weight, None if bias is None else jt.init.uniform((bias,), "float32", -bound, bound)
