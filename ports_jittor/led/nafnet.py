"""NAFNet: a U-shaped network without activations, whose gates are products of channel halves."""

from __future__ import annotations

from collections.abc import Sequence

import jittor as jt
from jittor import Var as Tensor

from harness.older_python import strict_zip
from ports_jittor.led.norm import ChannelNorm
from ports_jittor.torchlike import functional, nn

EPS = 1e-6


class SimpleGate(nn.Module):
    """The product of the first and the second half of the channels."""

    def forward(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, 1)
        return first * second


class NAFBlock(nn.Module):
    """Gated convolutions with channel attention, then a gated mix of channels; both are added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.beta = nn.Parameter(jt.zeros((1, channels, 1, 1)))
        self.gamma = nn.Parameter(jt.zeros((1, channels, 1, 1)))
        self.conv1 = nn.Conv2d(channels, channels * 2, 1)
        self.dwconv2 = nn.Conv2d(channels * 2, channels * 2, 3, padding=1, groups=channels * 2)
        self.conv3 = nn.Conv2d(channels, channels, 1)
        self.sca = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels, 1))
        self.sg = SimpleGate()
        self.conv4 = nn.Conv2d(channels, channels * 2, 1)
        self.conv5 = nn.Conv2d(channels, channels, 1)
        self.norm1 = ChannelNorm(channels, EPS)
        self.norm2 = ChannelNorm(channels, EPS)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.sg(self.dwconv2(self.conv1(self.norm1(x))))
        inner = self.conv3(inner * self.sca(inner))
        middle = x + inner * self.beta
        inner = self.conv5(self.sg(self.conv4(self.norm2(middle))))
        return middle + inner * self.gamma


class Down(nn.Module):
    """Half the size and twice the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.downconv = nn.Conv2d(channels, channels * 2, 2, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.downconv(x)


class Up(nn.Module):
    """Twice the size and half the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.upconv = nn.Conv2d(channels, channels * 2, 1, bias=False)
        self.pixel_shuffle = nn.PixelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.pixel_shuffle(self.upconv(x))


def blocks(channels: int, count: int) -> nn.Sequential:
    """Blocks of one width in a row."""
    return nn.Sequential(*(NAFBlock(channels) for _ in range(count)))


class NAFNet(nn.Module):
    """Takes images of any size: zeros are added at the right and the bottom, and cropped at the end."""

    def __init__(
        self,
        channels: int = 4,
        width: int = 32,
        middle: int = 2,
        encoders: Sequence[int] = (2, 2, 2, 2),
        decoders: Sequence[int] = (2, 2, 2, 2),
    ) -> None:
        super().__init__()
        widths = [width << level for level in range(len(encoders) + 1)]
        self.multiple = 1 << len(encoders)
        self.intro = nn.Conv2d(channels, width, 3, padding=1)
        self.ending = nn.Conv2d(width, channels, 3, padding=1)
        self.encoders = nn.ModuleList(map(blocks, widths, encoders))
        self.decoders = nn.ModuleList(map(blocks, widths[-2::-1], decoders))
        self.middle_blks = blocks(widths[-1], middle)
        self.ups = nn.ModuleList(map(Up, widths[:0:-1]))
        self.downs = nn.ModuleList(map(Down, widths[:-1]))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        given = functional.pad(x, (0, -width % self.multiple, 0, -height % self.multiple))
        x = self.intro(given)
        skips = []
        for encoder, down in strict_zip(self.encoders, self.downs):
            x = encoder(x)
            skips.append(x)
            x = down(x)
        x = self.middle_blks(x)
        for up, decoder in strict_zip(self.ups, self.decoders):
            x = decoder(up(x) + skips.pop())
        return (self.ending(x) + given)[:, :, :height, :width]
