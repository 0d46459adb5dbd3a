"""L2SKNet-UNet: an encoder and decoder whose skips pass through the contrast branches."""

from __future__ import annotations

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.l2sknet.blocks import ConvBlock, UpConv
from ports_jittor.l2sknet.contrast import ContrastNetwork, Kind
from ports_jittor.torchlike import nn


class UNet(ContrastNetwork):
    """Height and width must be multiples of 8."""

    def __init__(self, kind: Kind, morphology: bool = False) -> None:
        super().__init__()
        self.add_branches(kind)
        self.Maxpool1 = nn.MaxPool2d(2, 2)
        self.Maxpool2 = nn.MaxPool2d(2, 2)
        self.Maxpool3 = nn.MaxPool2d(2, 2)
        self.Conv1 = ConvBlock(1, 16)
        self.Conv2 = ConvBlock(16, 32)
        self.Conv3 = ConvBlock(32, 64)
        self.Conv4 = ConvBlock(64, 128)
        self.Up4 = UpConv(128, 64)
        self.Up_conv4 = ConvBlock(128, 64)
        self.Up3 = UpConv(64, 32)
        self.Up_conv3 = ConvBlock(64, 32)
        self.Up2 = UpConv(32, 16)
        self.Up_conv2 = ConvBlock(32, 16)
        self.Conv = nn.Conv2d(16, 1, 1)
        self.add_morphology(morphology)
        self.active = nn.Sigmoid()

    def forward(self, image: Tensor) -> Tensor:
        level0 = self.Conv1(image)
        level1 = self.Conv2(self.Maxpool1(level0))
        level2 = self.Conv3(self.Maxpool2(level1))
        level3 = self.Conv4(self.Maxpool3(level2))
        skip0, skip1, skip2 = self.refine(0, level0), self.refine(1, level1), self.refine(2, level2)
        decoded = self.refine(3, level3)
        decoded = self.Up_conv4(jt.concat([skip2, self.Up4(decoded)], 1))
        decoded = self.Up_conv3(jt.concat([skip1, self.Up3(decoded)], 1))
        decoded = self.Up_conv2(jt.concat([skip0, self.Up2(decoded)], 1))
        return self.active(self.Conv(decoded))
