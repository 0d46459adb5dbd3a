"""The backbone VGG-16 with batch normalisation, in five slices."""

from __future__ import annotations

from torch import nn

from harness.older_python import pairwise

SLICES = ((3, 64, 64), (64, 128, 128), (128, 256, 256, 256), (256, 512, 512, 512), (512, 512, 512, 512))


def vgg16() -> list[nn.Sequential]:
    """Slices 0 to 4; all but the last, which is never called, end in a pool that rounds up."""
    return [_slice(widths, pooled=place < 4) for place, widths in enumerate(SLICES)]


def _slice(widths: tuple[int, ...], pooled: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
    if pooled:
        layers.append(nn.MaxPool2d(2, 2, ceil_mode=True))
    return nn.Sequential(*layers)
