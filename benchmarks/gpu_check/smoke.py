"""The smoke test of a fresh Jittor: six kinds of operator against numpy, so that wrong numbers show."""

from __future__ import annotations

import json
import sys
from typing import Any

import jittor as jt
import numpy as np
from jittor import nn
from numpy.typing import NDArray

LIMIT = 2e-5


def convolution(x: NDArray[Any], weight: NDArray[Any]) -> NDArray[Any]:
    """A 3x3 convolution with padding 1, in double precision."""
    height, width = x.shape[2:]
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    total = np.zeros((x.shape[0], weight.shape[0], height, width))
    for row in range(3):
        for column in range(3):
            window = padded[:, :, row : row + height, column : column + width]
            total += np.einsum("nchw,oc->nohw", window, weight[:, :, row, column].astype(np.float64))
    return total


def relative(found: NDArray[Any], right: NDArray[Any]) -> float:
    """The largest error over the largest value."""
    return float(np.abs(found - right).max() / np.abs(right).max())


def smoke(device: str) -> dict[str, float]:
    """The error of each operator; near 1e-6 is right, 1e-3 in conv or matmul means that TF32 is on."""
    jt.flags.use_cuda = int(device == "cuda")
    draw = np.random.default_rng(0)
    x = draw.standard_normal((2, 16, 32, 32)).astype(np.float32)
    weight = draw.standard_normal((8, 16, 3, 3)).astype(np.float32)
    a = draw.standard_normal((256, 256)).astype(np.float32)
    image, kernel, square = jt.array(x), jt.array(weight), jt.array(a)
    exact = convolution(x, weight)
    exponents = np.exp(a - a.max(1, keepdims=True))
    gradient = jt.grad((nn.conv2d(image, kernel, padding=1) ** 2).sum(), kernel).numpy()
    shifted = weight.astype(np.float64)
    shifted[0, 0, 0, 0] += 1e-3
    slope = ((convolution(x, shifted) ** 2).sum() - (exact**2).sum()) / 1e-3
    return {
        "conv": relative(nn.conv2d(image, kernel, padding=1).numpy(), exact),
        "conv gradient": abs(float(gradient[0, 0, 0, 0]) - slope) / (abs(slope) + 1) / 100,
        "matmul": relative(jt.matmul(square, square).numpy(), a.astype(np.float64) @ a),
        "softmax": relative(nn.softmax(square, -1).numpy(), exponents / exponents.sum(1, keepdims=True)),
        "argsort": relative(jt.argsort(square, 1)[1].numpy(), np.sort(a, 1)),
        "nonzero": float(int(jt.nonzero(square > 0).shape[0]) != int((a > 0).sum())),
        "cumsum": relative(jt.cumsum(square, 1).numpy(), a.cumsum(1)),
    }


if __name__ == "__main__":
    errors = smoke(sys.argv[1])
    print(json.dumps({"errors": errors, "failed": [name for name, error in errors.items() if error > LIMIT]}))
