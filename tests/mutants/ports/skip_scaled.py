"""A skip connection is a thousandth too large."""

from __future__ import annotations

import jittor as jt
from jittor import Var as Tensor

from ports_jittor import l2sknet
from ports_jittor.l2sknet import losses as losses
from ports_jittor.l2sknet.unet import UNet
from ports_jittor.torchlike import nn


class Scaled(UNet):
    def forward(self, image: Tensor) -> Tensor:
        level0 = self.Conv1(image)
        level1 = self.Conv2(self.Maxpool1(level0))
        level2 = self.Conv3(self.Maxpool2(level1))
        level3 = self.Conv4(self.Maxpool3(level2))
        skip0, skip1, skip2 = self.refine(0, level0), self.refine(1, level1), self.refine(2, level2)
        decoded = self.refine(3, level3)
        decoded = self.Up_conv4(jt.concat([skip2, self.Up4(decoded)], 1))
        decoded = self.Up_conv3(jt.concat([skip1 * 1.001, self.Up3(decoded)], 1))
        decoded = self.Up_conv2(jt.concat([skip0, self.Up2(decoded)], 1))
        return self.active(self.Conv(decoded))


def build(variant: str) -> nn.Module:
    assert variant in l2sknet.NETWORKS
    return Scaled("2d")
