"""Convolution with torch's attributes; the gradient of the bias does not drift."""

from __future__ import annotations

from typing import Sequence, Union

import jittor as jt

from harness.older_python import strict_zip
from ports_jittor.torchlike._common import default_weights, pair
from ports_jittor.torchlike.linear import add_bias
from ports_jittor.torchlike.module import Module
from ports_jittor.torchlike.padding import pad

Size = Union[int, Sequence[int]]


def conv2d(
    x: jt.Var,
    weight: jt.Var,
    bias: jt.Var | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> jt.Var:
    """torch's conv2d, `padding="same"` and `"valid"` included."""
    top, bottom, left, right = _amounts(padding, weight.shape[2:], pair(stride), pair(dilation))
    if (top, left) != (bottom, right):
        x, top, left = pad(x, (left, right, top, bottom)), 0, 0
    return add_bias(jt.nn.conv2d(x, weight, None, pair(stride), (top, left), pair(dilation), groups), bias, 1)


def _amounts(
    padding: Size | str, kernel: Sequence[int], stride: tuple[int, int], dilation: tuple[int, int]
) -> tuple[int, int, int, int]:
    """The padding at the top, bottom, left and right; `same` puts the odd one at the end."""
    if padding == "valid":
        padding = 0
    if not isinstance(padding, str):
        height, width = pair(padding)
        return height, height, width, width
    if padding != "same" or stride != (1, 1):
        raise ValueError(
            f"conv2d: padding={padding!r} with stride {stride}; use 'valid', or 'same' with stride 1"
        )
    height, width = (step * (size - 1) for size, step in strict_zip(kernel, dilation))
    return height // 2, height - height // 2, width // 2, width - width // 2


class Conv2d(Module):
    """torch.nn.Conv2d: its attributes, `padding="same"` and all padding modes."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__()
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"Conv2d: {in_channels} and {out_channels} channels do not divide into {groups} groups"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = pair(kernel_size), pair(stride), pair(dilation)
        self.padding = padding if isinstance(padding, str) else pair(padding)
        self.padding_mode = padding_mode
        self.weight, self.bias = default_weights(
            (out_channels, in_channels // groups, *self.kernel_size), out_channels if bias else None
        )

    def forward(self, x: jt.Var) -> jt.Var:
        padding: Size | str = self.padding
        if self.padding_mode != "zeros":
            top, bottom, left, right = _amounts(padding, self.kernel_size, self.stride, self.dilation)
            x, padding = pad(x, (left, right, top, bottom), self.padding_mode), 0
        return conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


def conv_transpose2d(
    x: jt.Var,
    weight: jt.Var,
    bias: jt.Var | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> jt.Var:
    """torch's conv_transpose2d."""
    sizes = (pair(stride), pair(padding), pair(output_padding), groups, pair(dilation))
    return add_bias(jt.nn.conv_transpose(x, weight, None, *sizes), bias, 1)


class ConvTranspose2d(Module):
    """torch.nn.ConvTranspose2d."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = pair(kernel_size), pair(stride), pair(dilation)
        self.padding, self.output_padding = pair(padding), pair(output_padding)
        self.weight, self.bias = default_weights(
            (in_channels, out_channels // groups, *self.kernel_size), out_channels if bias else None
        )

    def forward(self, x: jt.Var) -> jt.Var:
        options = (self.stride, self.padding, self.output_padding, self.groups, self.dilation)
        return conv_transpose2d(x, self.weight, self.bias, *options)
