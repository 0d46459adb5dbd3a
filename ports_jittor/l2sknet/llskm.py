"""The learnable local saliency kernel module: how a pixel differs from its surroundings, learnt."""

from __future__ import annotations

from jittor import Var as Tensor

from ports_jittor.torchlike import functional, nn, reduce
from ports_jittor.torchlike.broadcast import multiply


class ChannelAttention(nn.Module):
    """One weight in (0, 1) for each channel, from the channels' means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.avg_channel = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, channels // 4, 1, bias=False),
            nn.BatchNorm2d(channels // 4),
            nn.ReLU(),
            nn.Conv2d(channels // 4, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.avg_channel(x)


class LLSKM(nn.Module):
    """The kernel's sum and its centre, each as a 1x1 kernel, against the kernel itself."""

    def __init__(self, channels: int, kernel: int, padding: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, kernel, padding=padding, dilation=dilation, bias=False)
        self.attn = ChannelAttention(channels)

    def forward(self, x: Tensor) -> Tensor:
        middle = self.conv.kernel_size[0] // 2
        weight = self.conv.weight
        total = reduce.sum(weight, (2, 3), keepdim=True)
        centre = weight[:, :, middle : middle + 1, middle : middle + 1]
        return saliency(x, self.conv(x), total, centre, self.attn(x))


class LLSKM1D(nn.Module):
    """The same with a row and a column in place of the square kernel.

    `conv` is part of the published checkpoints, and nothing uses it. Sum and centre are taken from the
    entry-wise product of row and column, as published; that is not the kernel of the two convolutions in
    a row, which would sum over the channels between them.
    """

    def __init__(self, channels: int, kernel: int, padding: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, kernel, padding=padding, bias=False)
        self.conv_1xn = nn.Conv2d(channels, channels, (1, kernel), padding=(0, padding))
        self.conv_nx1 = nn.Conv2d(channels, channels, (kernel, 1), padding=(padding, 0))
        self.attn = ChannelAttention(channels)

    def forward(self, x: Tensor) -> Tensor:
        return separable_saliency(x, self.conv_1xn, self.conv_nx1, self.attn)


class LLSKM1DFork(nn.Module):
    """LLSKM1D without the unused kernel and without biases: a network of its own, from a fork."""

    def __init__(self, channels: int, kernel: int, padding: int) -> None:
        super().__init__()
        self.conv_1xn = nn.Conv2d(channels, channels, (1, kernel), padding=(0, padding), bias=False)
        self.conv_nx1 = nn.Conv2d(channels, channels, (kernel, 1), padding=(padding, 0), bias=False)
        self.attn = ChannelAttention(channels)

    def forward(self, x: Tensor) -> Tensor:
        return separable_saliency(x, self.conv_1xn, self.conv_nx1, self.attn)


def separable_saliency(x: Tensor, row: nn.Conv2d, column: nn.Conv2d, attn: ChannelAttention) -> Tensor:
    """Saliency by a row and a column kernel."""
    middle = row.kernel_size[1] // 2
    total = reduce.sum(row.weight, (2, 3), keepdim=True) * reduce.sum(column.weight, (2, 3), keepdim=True)
    centre = row.weight[:, :, :, middle : middle + 1] * column.weight[:, :, middle : middle + 1]
    return saliency(x, column(row(x)), total, centre, attn(x))


def saliency(x: Tensor, surroundings: Tensor, total: Tensor, centre: Tensor, theta: Tensor) -> Tensor:
    """The kernel's total at the pixel less its surroundings, plus `theta` times the kernel's centre."""
    return functional.conv2d(x, total) - surroundings + multiply(theta, functional.conv2d(x, centre))
