"""L2SKNet-FPN: a residual encoder whose levels, refined by the contrast branches, are added from the top."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from refs_torch.l2sknet.blocks import AddFusion, Head, ResidualBlock
from refs_torch.l2sknet.contrast import ContrastNetwork, Kind


def residual_layer(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Two residual blocks; the first changes channels and size."""
    return nn.Sequential(ResidualBlock(inputs, outputs, stride), ResidualBlock(outputs, outputs, 1))


def resize_like(x: Tensor, other: Tensor) -> Tensor:
    """Bilinearly resized to the height and width of another map."""
    return functional.interpolate(x, size=tuple(other.shape[2:]), mode="bilinear", align_corners=False)


class FPN(ContrastNetwork):
    """Takes images of any size."""

    def __init__(self, kind: Kind, morphology: bool = False) -> None:
        super().__init__()
        self.layer0 = residual_layer(1, 16, 1)
        self.layer1 = residual_layer(16, 32, 2)
        self.layer2 = residual_layer(32, 64, 2)
        self.layer3 = residual_layer(64, 128, 2)
        self.add_branches(kind)
        self.fuse32 = AddFusion(128, 64)
        self.fuse21 = AddFusion(64, 32)
        self.fuse10 = AddFusion(32, 16)
        self.add_morphology(morphology)
        self.head = Head(16, 1)

    def forward(self, image: Tensor) -> Tensor:
        level0 = self.layer0(image)
        level1 = self.layer1(level0)
        level2 = self.layer2(level1)
        level3 = self.layer3(level2)
        skip0, skip1, skip2 = self.refine(0, level0), self.refine(1, level1), self.refine(2, level2)
        decoded = self.refine(3, level3)
        decoded = self.fuse32(resize_like(decoded, skip2), skip2)
        decoded = self.fuse21(resize_like(decoded, skip1), skip1)
        decoded = self.fuse10(resize_like(decoded, skip0), skip0)
        return torch.sigmoid(self.head(decoded))
