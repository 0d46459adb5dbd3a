"""States that the tests write and read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weight_convert import State
from weight_convert.tensor import Tensor

Array = NDArray[Any]


def every_dtype(seed: int = 0) -> State:
    """One entry of every kind of number that has a name here, with shapes of every rank."""
    rng = np.random.default_rng(seed)
    shapes: list[tuple[int, ...]] = [(), (1,), (5,), (2, 3), (0, 4), (2, 1, 3, 3)]
    tensors: dict[str, Tensor] = {}
    for name in ("bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"):
        for shape in shapes:
            bits = rng.integers(0, 2 if name == "bool" else 100, shape)
            tensors[f"{name}.{len(tensors)}"] = Tensor.of(np.asarray(bits).astype(name))
    for name in ("float16", "float32", "float64", "complex64"):
        for shape in shapes:
            tensors[f"{name}.{len(tensors)}"] = Tensor.of(np.asarray(rng.standard_normal(shape)).astype(name))
    for shape in shapes:
        bits = np.asarray(rng.integers(0, 0x7F00, shape), dtype=np.uint16)
        tensors[f"bfloat16.{len(tensors)}"] = Tensor.of(bits, "bfloat16")
    return State(tensors)


def network() -> dict[str, Array]:
    """The arrays of a small network, as PyTorch orders and shapes them."""
    rng = np.random.default_rng(1)
    arrays: dict[str, Array] = {"stem.conv.weight": rng.standard_normal((4, 3, 3, 3)).astype(np.float32)}
    for leaf in ("weight", "bias", "running_mean", "running_var"):
        arrays[f"stem.bn.{leaf}"] = rng.random(4).astype(np.float32)
    arrays["stem.bn.num_batches_tracked"] = np.asarray(7)
    arrays["scale"] = np.asarray(0.5, np.float32)
    arrays["head.weight"] = rng.standard_normal((2, 4)).astype(np.float32)
    arrays["head.bias"] = rng.standard_normal(2).astype(np.float32)
    return arrays


def assert_same(found: State, wanted: State) -> None:
    """The same keys in the same order with the same bits."""
    assert list(found) == list(wanted)
    for key, tensor in wanted.tensors.items():
        assert found.dtype(key) == tensor.dtype, key
        assert found.tensors[key].shape == tensor.shape, key
        np.testing.assert_array_equal(found.tensors[key].bits(), tensor.bits(), err_msg=key)
