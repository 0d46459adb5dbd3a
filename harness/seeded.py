"""Seeded weights and inputs: the same on every machine, in every framework.

Each tensor comes from a counter-based generator keyed by a hash of (seed, name). It depends on its
own name alone, not on which other tensors exist or in which order they are drawn.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

SAMPLES = 64


def generator(seed: int, name: str) -> np.random.Generator:
    """The random generator that belongs to `name` under `seed`."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=np.frombuffer(digest[:16], dtype="<u8")))


def weight(seed: int, name: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """The value of the state-dict entry `name`; its law follows from the name and the rank.

    Scales of norms and running variances stay near one and convolutions keep the signal's size, so
    that a fault in a deep layer reaches the output instead of fading on the way.
    """
    rng = generator(seed, name)
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return np.asarray(100, dtype=np.int64)
    if leaf == "running_mean":
        value = 0.1 * rng.standard_normal(shape)
    elif leaf == "running_var" or (len(shape) <= 1 and leaf == "weight") or not shape:
        value = rng.uniform(0.5, 1.5, shape)
    elif len(shape) == 1:
        value = 0.05 * rng.standard_normal(shape)
    else:
        fan_in = max(1, math.prod(shape[1:]))
        value = math.sqrt(2.0 / fan_in) * rng.standard_normal(shape)
    return np.asarray(value).astype(np.float32)


def tensor(seed: int, name: str, shape: tuple[int, ...], law: str = "uniform") -> NDArray[np.float32]:
    """An input: law `uniform` in [0, 1), `normal`, or `binary` (about one element in eight is 1)."""
    rng = generator(seed, f"input/{name}")
    if law == "uniform":
        value = rng.random(shape)
    elif law == "normal":
        value = rng.standard_normal(shape)
    elif law == "binary":
        value = (rng.random(shape) < 0.125).astype(np.float64)
    else:
        raise ValueError(f"unknown law {law!r}: use uniform, normal or binary")
    return np.asarray(value).astype(np.float32)


def sample_indices(name: str, size: int, count: int = SAMPLES) -> NDArray[np.int64]:
    """The flat positions at which a compact trace keeps elements of the tensor `name`."""
    if size <= count:
        return np.arange(size, dtype=np.int64)
    chosen = generator(0, f"sample/{name}").choice(size, size=count, replace=False)
    return np.sort(chosen).astype(np.int64)
