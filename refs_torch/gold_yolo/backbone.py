"""The backbone: a stem and four levels, all of which are handed on."""

from __future__ import annotations

from torch import Tensor, nn

from harness.pairs.gold_yolo.config import Config
from refs_torch.gold_yolo.blocks import basic_block, stage
from refs_torch.gold_yolo.spp import SPPF, SimCSPSPPF, SimSPPF


class Backbone(nn.Module):
    """Levels at strides 4, 8, 16 and 32."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        widths, repeats, basic = config.channels, config.repeats, basic_block(config)

        def level(place: int) -> list[nn.Module]:
            before, after = widths[place - 1], widths[place]
            return [basic(before, after, stride=2), stage(after, after, repeats[place], config)]

        self.stem = basic(3, widths[0], stride=2)
        self.ERBlock_2 = nn.Sequential(*level(1))
        self.ERBlock_3 = nn.Sequential(*level(2))
        self.ERBlock_4 = nn.Sequential(*level(3))
        self.ERBlock_5 = nn.Sequential(*level(4), pyramid_for(config)(widths[4], widths[4]))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        c2 = self.ERBlock_2(self.stem(image))
        c3 = self.ERBlock_3(c2)
        c4 = self.ERBlock_4(c3)
        return c2, c3, c4, self.ERBlock_5(c4)


def pyramid_for(config: Config) -> type[SPPF] | type[SimCSPSPPF]:
    """Which pyramid of pooled maps a network ends its backbone with."""
    if config.csp_spp:
        return SimCSPSPPF
    return SimSPPF if config.block == "repvgg" else SPPF
