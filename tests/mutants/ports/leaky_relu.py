"""A ReLU lets a hundredth of the negative values through."""

from __future__ import annotations

from ports_jittor import l2sknet
from ports_jittor.l2sknet import losses as losses
from ports_jittor.torchlike import nn


def build(variant: str) -> nn.Module:
    model = l2sknet.build(variant)
    layers = list(model.Conv3.conv.values())
    layers[2] = nn.LeakyReLU(0.01)
    model.Conv3.conv = nn.Sequential(*layers)
    return model
