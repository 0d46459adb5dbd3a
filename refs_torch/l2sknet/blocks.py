"""Plain building blocks: convolutions with normalisation, the residual block, fusion and the head."""

from __future__ import annotations

from torch import Tensor, nn


class ConvBlock(nn.Module):
    """Two 3x3 convolutions, each normalised and rectified."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class UpConv(nn.Module):
    """Twice the size by repeating pixels, then a 3x3 convolution, normalised and rectified."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.up = nn.Sequential(
            nn.Upsample(scale_factor=2),
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.up(x)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = None
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                nn.BatchNorm2d(outputs),
            )
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.shortcut is None else self.shortcut(x)
        return self.relu(self.body(x) + shortcut)


class AddFusion(nn.Module):
    """Adds a deep map, brought to the shallow map's channels, to the shallow map."""

    def __init__(self, high: int, low: int) -> None:
        super().__init__()
        self.feature_high = nn.Sequential(nn.Conv2d(high, low, 1), nn.BatchNorm2d(low), nn.ReLU())

    def forward(self, high: Tensor, low: Tensor) -> Tensor:
        return self.feature_high(high) + low


class Head(nn.Module):
    """From the finest map to one logit a pixel."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        hidden = inputs // 4
        self.block = nn.Sequential(
            nn.Conv2d(inputs, hidden, 3, padding=1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Conv2d(hidden, outputs, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)
