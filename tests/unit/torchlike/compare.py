"""One comparison for all parts: values and gradients against torch in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jittor as jt
import numpy as np
import torch

from harness import seeded
from ports_jittor.torchlike._common import variable

FLOAT32 = 1e-6  # of the norm; a part that rounds once or twice stays below half of it
FLOAT64 = 1e-13

Array = np.ndarray[Any, Any]


def drawn(name: str, *shape: int, law: str = "normal") -> Array:
    """A tensor with a seed of its own."""
    return seeded.tensor(0, name, shape, law)


def distance(candidate: Array, truth: Array) -> float:
    """The relative l2 distance, the absolute one where the truth vanishes."""
    assert tuple(candidate.shape) == tuple(truth.shape) or (truth.shape == () and candidate.shape == (1,))
    error = np.linalg.norm(candidate.astype(np.float64).ravel() - truth.ravel())
    size = np.linalg.norm(truth)
    return float(error / size if size > 0 else error)


def agree(
    truth: Callable[..., Any],
    port: Callable[..., Any],
    *inputs: Array,
    tolerance: float = FLOAT32,
    dtype: str = "float32",
) -> None:
    """Assert that value and all gradients of `port` are those of `truth` on the same inputs.

    A gradient rounds once more often, so it may be twice as far away.
    """
    expected, expected_gradients = in_torch(truth, inputs)
    cotangent = _cotangent(expected.shape)
    variables = [variable(array.astype(dtype)) for array in inputs]
    result = port(*variables)
    gradients = jt.grad(result * variable(cotangent.astype(dtype)), variables)
    assert str(result.dtype) == dtype
    assert distance(result.numpy(), expected) <= tolerance, "values"
    for place, (found, wanted) in enumerate(zip(gradients, expected_gradients, strict=True)):
        error = distance(found.numpy(), wanted)
        assert error <= 2 * tolerance, f"gradient {place}: {error}"


def in_torch(truth: Callable[..., Any], inputs: Sequence[Array]) -> tuple[Array, list[Array]]:
    """Value and gradients in float64."""
    tensors = [torch.tensor(array).double().requires_grad_() for array in inputs]
    result = truth(*tensors)
    result.backward(torch.tensor(_cotangent(tuple(result.shape))).double())
    zeros = [torch.zeros_like(tensor) if tensor.grad is None else tensor.grad for tensor in tensors]
    return result.detach().numpy(), [gradient.numpy() for gradient in zeros]


def _cotangent(shape: tuple[int, ...]) -> Array:
    """Drawn, so that no gradient cancels."""
    return np.asarray(drawn("cotangent", *(shape or (1,)))).reshape(shape)
