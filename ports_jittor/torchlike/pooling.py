"""Pooling with every option of torch's, for sides of any length; ties give their gradient to the first.

Jittor refuses sides that are not longer than the window, ignores count_include_pad, miscounts windows in
ceil mode, pools adaptively with one fixed window, and has no dilation.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union

import jittor as jt
import numpy as np

from harness.older_python import strict_zip
from ports_jittor.torchlike._common import pair
from ports_jittor.torchlike._windows import Side, window_max, window_mean
from ports_jittor.torchlike.module import Module
from ports_jittor.torchlike.reduce import mean

Size = Union[int, Sequence[int]]
OutputSize = Union[int, Sequence[Optional[int]], None]


def max_pool2d(
    x: jt.Var,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> jt.Var:
    """torch's max_pool2d, for maps smaller than the window too."""
    sides = _sides(x, kernel_size, stride, padding, dilation, ceil_mode)
    return window_max(x, *sides)


def avg_pool2d(
    x: jt.Var,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> jt.Var:
    """torch's avg_pool2d; Jittor ignores count_include_pad and divides differently in ceil mode."""
    rows, columns = _sides(x, kernel_size, stride, padding, 1, ceil_mode, count_include_pad)
    if divisor_override is not None:
        one = np.ones(1, np.int64)
        rows = Side(rows.start, rows.stop, 1, one.repeat(len(rows.start)) * divisor_override)
        columns = Side(columns.start, columns.stop, 1, one.repeat(len(columns.start)))
    return window_mean(x, rows, columns)


def adaptive_avg_pool2d(x: jt.Var, output_size: OutputSize) -> jt.Var:
    """torch's adaptive_avg_pool2d; Jittor's is wrong (0.7 off) where the sizes do not divide."""
    height, width = _adaptive_size(x, output_size)
    if height == width == 1:
        return mean(x, (-2, -1), keepdim=True)
    return window_mean(x, _adaptive(x.shape[-2], height), _adaptive(x.shape[-1], width))


def adaptive_max_pool2d(x: jt.Var, output_size: OutputSize) -> jt.Var:
    """torch's adaptive_max_pool2d; Jittor's is wrong where the sizes do not divide, and at ties."""
    height, width = _adaptive_size(x, output_size)
    return window_max(x, _adaptive(x.shape[-2], height), _adaptive(x.shape[-1], width))


def _sides(
    x: jt.Var,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    dilation: Size,
    ceil_mode: bool,
    count_padding: bool = True,
) -> tuple[Side, Side]:
    kernel = pair(kernel_size)
    steps = kernel if stride is None else pair(stride)
    given = strict_zip(x.shape[-2:], kernel, steps, pair(padding), pair(dilation))
    rows, columns = (
        _side(size, window, step, border, spread, ceil_mode, count_padding)
        for size, window, step, border, spread in given
    )
    return rows, columns


def _side(
    size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool, count_padding: bool
) -> Side:
    if not 0 <= 2 * padding <= kernel:
        raise ValueError(
            f"pooling: padding {padding} of a window of {kernel}; at most half of the window is allowed"
        )
    free = size + 2 * padding - dilation * (kernel - 1) - 1
    windows = -(-free // stride) + 1 if ceil_mode else free // stride + 1
    if ceil_mode and (windows - 1) * stride >= size + padding:
        windows -= 1  # the last window would lie in the padding alone
    if windows < 1:
        raise ValueError(f"pooling: a window of {kernel} (dilation {dilation}) does not fit into {size}")
    start = np.arange(windows) * stride - padding
    stop = start + dilation * (kernel - 1) + 1
    whole = np.minimum(stop, size + padding) - start
    start += np.maximum(0, -(start // dilation)) * dilation  # the first element that is inside
    stop = np.minimum(stop, size)
    return Side(start, stop, dilation, whole if count_padding else stop - start)


def _adaptive_size(x: jt.Var, output_size: OutputSize) -> tuple[int, int]:
    wanted = (
        (output_size, output_size) if output_size is None or isinstance(output_size, int) else output_size
    )
    height, width = (size if want is None else want for want, size in strict_zip(wanted, x.shape[-2:]))
    return height, width


def _adaptive(size: int, windows: int) -> Side:
    """Window i covers floor(i * size / windows) up to ceil((i + 1) * size / windows)."""
    places = np.arange(windows)
    start, stop = places * size // windows, -(-(places + 1) * size // windows)
    return Side(start, stop, 1, stop - start)


class MaxPool2d(Module):
    """torch.nn.MaxPool2d."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.padding, self.dilation, self.ceil_mode = (
            kernel_size,
            padding,
            dilation,
            ceil_mode,
        )
        self.stride = kernel_size if stride is None else stride

    def forward(self, x: jt.Var) -> jt.Var:
        return max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)


class AvgPool2d(Module):
    """torch.nn.AvgPool2d."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size, self.padding, self.ceil_mode = kernel_size, padding, ceil_mode
        self.stride = kernel_size if stride is None else stride
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override

    def forward(self, x: jt.Var) -> jt.Var:
        options = (self.ceil_mode, self.count_include_pad, self.divisor_override)
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, *options)


class AdaptiveAvgPool2d(Module):
    """torch.nn.AdaptiveAvgPool2d."""

    def __init__(self, output_size: OutputSize) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, x: jt.Var) -> jt.Var:
        return adaptive_avg_pool2d(x, self.output_size)


class AdaptiveMaxPool2d(AdaptiveAvgPool2d):
    """torch.nn.AdaptiveMaxPool2d."""

    def forward(self, x: jt.Var) -> jt.Var:
        return adaptive_max_pool2d(x, self.output_size)
