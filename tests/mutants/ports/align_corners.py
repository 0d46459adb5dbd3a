"""The resizing between two levels takes the corners for pixel centres."""

from __future__ import annotations

from jittor import Var as Tensor

from ports_jittor import l2sknet
from ports_jittor.l2sknet import losses as losses
from ports_jittor.l2sknet.fpn import FPN, resize_like
from ports_jittor.torchlike import functional, nn


class Misaligned(FPN):
    def forward(self, image: Tensor) -> Tensor:
        level0 = self.layer0(image)
        level1 = self.layer1(level0)
        level2 = self.layer2(level1)
        level3 = self.layer3(level2)
        skip0, skip1, skip2 = self.refine(0, level0), self.refine(1, level1), self.refine(2, level2)
        decoded = self.refine(3, level3)
        decoded = self.fuse32(resize_like(decoded, skip2), skip2)
        size = tuple(skip1.shape[2:])
        decoded = self.fuse21(
            functional.interpolate(decoded, size, mode="bilinear", align_corners=True), skip1
        )
        decoded = self.fuse10(resize_like(decoded, skip0), skip0)
        return functional.sigmoid(self.head(decoded))


def build(variant: str) -> nn.Module:
    assert variant in l2sknet.NETWORKS
    return Misaligned("2d")
