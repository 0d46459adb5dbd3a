"""The U-shaped network of SID: five levels of two convolutions, on packed Bayer planes."""

from __future__ import annotations

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.torchlike import functional, kinks, nn

MULTIPLE = 16


def activate(x: Tensor) -> Tensor:
    """The leaky rectifier, written as the larger of two."""
    return kinks.maximum(0.2 * x, x)


def margins(size: int, multiple: int) -> tuple[int, int]:
    """What to add before and after a side to reach a multiple; the odd one goes to the end."""
    missing = -size % multiple
    return missing // 2, missing - missing // 2


def convolution(inputs: int, outputs: int) -> nn.Conv2d:
    """3x3, of the same size."""
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def upsampling(inputs: int) -> nn.ConvTranspose2d:
    """Twice the size and half the channels."""
    return nn.ConvTranspose2d(inputs, inputs // 2, 2, stride=2)


class UNet(nn.Module):
    """Takes images of any size: sides are mirrored up to multiples of 16, and cropped at the end."""

    def __init__(self, inputs: int = 4, outputs: int = 4, width: int = 32) -> None:
        super().__init__()
        self.conv1_1 = convolution(inputs, width)
        self.conv1_2 = convolution(width, width)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2_1 = convolution(width, width * 2)
        self.conv2_2 = convolution(width * 2, width * 2)
        self.conv3_1 = convolution(width * 2, width * 4)
        self.conv3_2 = convolution(width * 4, width * 4)
        self.conv4_1 = convolution(width * 4, width * 8)
        self.conv4_2 = convolution(width * 8, width * 8)
        self.conv5_1 = convolution(width * 8, width * 16)
        self.conv5_2 = convolution(width * 16, width * 16)
        self.upv6 = upsampling(width * 16)
        self.conv6_1 = convolution(width * 16, width * 8)
        self.conv6_2 = convolution(width * 8, width * 8)
        self.upv7 = upsampling(width * 8)
        self.conv7_1 = convolution(width * 8, width * 4)
        self.conv7_2 = convolution(width * 4, width * 4)
        self.upv8 = upsampling(width * 4)
        self.conv8_1 = convolution(width * 4, width * 2)
        self.conv8_2 = convolution(width * 2, width * 2)
        self.upv9 = upsampling(width * 2)
        self.conv9_1 = convolution(width * 2, width)
        self.conv9_2 = convolution(width, width)
        self.conv10_1 = nn.Conv2d(width, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        (top, bottom), (left, right) = margins(height, MULTIPLE), margins(width, MULTIPLE)
        padded = functional.pad(x, (left, right, top, bottom), mode="reflect")
        return self.denoise(padded)[:, :, top : top + height, left : left + width]

    def denoise(self, x: Tensor) -> Tensor:
        """The network itself, for sides that are multiples of 16."""
        level1 = self.pair(x, self.conv1_1, self.conv1_2)
        level2 = self.pair(self.pool1(level1), self.conv2_1, self.conv2_2)
        level3 = self.pair(self.pool1(level2), self.conv3_1, self.conv3_2)
        level4 = self.pair(self.pool1(level3), self.conv4_1, self.conv4_2)
        x = self.pair(self.pool1(level4), self.conv5_1, self.conv5_2)
        x = self.pair(jt.concat((self.upv6(x), level4), 1), self.conv6_1, self.conv6_2)
        x = self.pair(jt.concat((self.upv7(x), level3), 1), self.conv7_1, self.conv7_2)
        x = self.pair(jt.concat((self.upv8(x), level2), 1), self.conv8_1, self.conv8_2)
        x = self.pair(jt.concat((self.upv9(x), level1), 1), self.conv9_1, self.conv9_2)
        return self.conv10_1(x)

    def pair(self, x: Tensor, first: nn.Module, second: nn.Module) -> Tensor:
        """Two convolutions, each with its activation."""
        return activate(second(activate(first(x))))
