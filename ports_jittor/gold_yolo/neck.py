"""The neck: gathers all levels twice, low and high, and distributes what it gathered."""

from __future__ import annotations

from jittor import Var as Tensor

from harness.pairs.gold_yolo.config import Config
from ports_jittor.gold_yolo.blocks import FusionConv, SimConv, basic_block, stage
from ports_jittor.gold_yolo.fusion import AdvPool, HighFAM, Injection, LowFAM, LowLAF
from ports_jittor.gold_yolo.transformer import Transformer
from ports_jittor.torchlike import nn


class Neck(nn.Module):
    """From the backbone's four levels to three of one meaning, at strides 8, 16 and 32."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width, repeats, trans = config.channels, config.repeats, config.trans_channels
        self.low_split, self.high_split = list(trans[:2]), list(trans[2:])
        self.n5_from_p4 = config.n5_from_p4
        self.low_FAM = LowFAM()
        self.low_IFM = low_mixer(config)
        self.reduce_layer_c5 = SimConv(width[4], width[5])
        self.LAF_p4 = LowLAF(width[3], width[5])
        self.Inject_p4 = Injection(width[5])
        self.Rep_p4 = stage(width[5], width[5], repeats[5], config)
        self.reduce_layer_p4 = SimConv(width[5], width[6])
        self.LAF_p3 = LowLAF(width[5], width[6])
        self.Inject_p3 = Injection(width[6])
        self.Rep_p3 = stage(width[6], width[6], repeats[6], config)
        self.high_FAM = HighFAM()
        self.high_IFM = Transformer(config)
        self.conv_1x1_n = nn.Conv2d(config.embed_dim_n, sum(self.high_split), 1)
        self.LAF_n4 = AdvPool()
        self.Inject_n4 = Injection(width[8])
        self.Rep_n4 = stage(width[6] + width[7], width[8], repeats[7], config)
        self.LAF_n5 = AdvPool()
        self.Inject_n5 = Injection(width[10])
        self.Rep_n5 = stage(width[5] + width[9], width[10], repeats[8], config)

    def forward(self, levels: tuple[Tensor, ...]) -> list[Tensor]:
        c2, c3, c4, c5 = levels
        low4, low3 = self.low_IFM(self.low_FAM(c2, c3, c4, c5)).split(self.low_split, dim=1)
        c5_half = self.reduce_layer_c5(c5)
        p4 = self.Rep_p4(self.Inject_p4(self.LAF_p4(c3, c4, c5_half), low4))
        p4_half = self.reduce_layer_p4(p4)
        p3 = self.Rep_p3(self.Inject_p3(self.LAF_p3(c2, c3, p4_half), low3))
        mixed = self.conv_1x1_n(self.high_IFM(self.high_FAM(p3, p4, c5)))
        high4, high5 = mixed.split(self.high_split, dim=1)
        n4 = self.Rep_n4(self.Inject_n4(self.LAF_n4(p3, p4_half), high4))
        below = p4 if self.n5_from_p4 else n4
        n5 = self.Rep_n5(self.Inject_n5(self.LAF_n5(below, c5_half), high5))
        return [p3, n4, n5]


def low_mixer(config: Config) -> nn.Sequential:
    """Mixes the gathered fine features."""
    inputs, hidden, basic = sum(config.channels[1:5]), config.embed_dim_p, basic_block(config)
    return nn.Sequential(
        FusionConv(inputs, hidden),
        *(basic(hidden, hidden) for _ in range(config.fuse_blocks)),
        FusionConv(hidden, sum(config.trans_channels[:2])),
    )
