"""Sliding windows as columns."""

from __future__ import annotations

from collections.abc import Sequence

import jittor as jt
import numpy as np

from harness.older_python import strict_zip
from ports_jittor.torchlike._common import pair
from ports_jittor.torchlike._take import Positions, take
from ports_jittor.torchlike.module import Module


def unfold(
    x: jt.Var,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> jt.Var:
    """torch's unfold: (N, C, H, W) to (N, C * window, windows)."""
    n, channels = x.shape[:2]
    geometry = strict_zip(x.shape[-2:], pair(kernel_size), pair(dilation), pair(padding), pair(stride))
    (rows, in_rows), (columns, in_columns) = (_windows(*side) for side in geometry)
    taken = take(x, rows.ravel(), columns.ravel()).reshape((n, channels, *rows.shape, *columns.shape))
    return taken.permute(0, 1, 2, 4, 3, 5).reshape(
        (n, channels * len(rows) * len(columns), in_rows * in_columns)
    )


def _windows(size: int, kernel: int, dilation: int, padding: int, stride: int) -> tuple[Positions, int]:
    """Positions (kernel, windows) along one side; -1 in the padding."""
    windows = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    if windows < 1:
        raise ValueError(f"unfold: a window of {kernel} (dilation {dilation}) does not fit into {size}")
    places = np.arange(kernel)[:, None] * dilation + np.arange(windows) * stride - padding
    return np.where((places >= 0) & (places < size), places, -1), windows


class Unfold(Module):
    """torch.nn.Unfold, which Jittor lacks."""

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        dilation: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        stride: int | Sequence[int] = 1,
    ) -> None:
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, x: jt.Var) -> jt.Var:
        return unfold(x, self.kernel_size, self.dilation, self.padding, self.stride)
