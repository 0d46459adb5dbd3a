"""A small U-Net with dice and cross-entropy losses."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.mutants.ported.base import Ported

WIDTH = 8


class Double(Ported):
    def __init__(self, wrong: str, given: int, wide: int) -> None:
        super().__init__(wrong)
        reach = 1 if wrong == "padding_and_dilation" else 2
        self.conv = nn.Conv2d(given, wide, 3, padding=reach, dilation=reach)
        self.norm = nn.GroupNorm(4 if wrong == "groups_of_norm" else 2, wide)
        if wrong == "instance_norm":
            self.norm = nn.GroupNorm(wide, wide)
        self.act = nn.LeakyReLU(0.2)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))


class Segmenter(Ported):
    def __init__(self, wrong: str) -> None:
        super().__init__(wrong)
        self.down1, self.down2 = Double("", 3, WIDTH), Double(wrong, WIDTH, WIDTH)
        self.pool = nn.AvgPool2d(2) if wrong == "mean_pool" else nn.MaxPool2d(2)
        self.deep = Double("", WIDTH, 4 * WIDTH)
        self.up1, self.up2 = Double("", 2 * WIDTH, WIDTH), Double("", 2 * WIDTH, WIDTH)
        self.mix, self.head = nn.Conv2d(WIDTH, WIDTH, 1), nn.Conv2d(WIDTH, 2, 1)

    def grown(self, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)

    def forward(self, x: Tensor) -> Tensor:
        one = self.down1(x)
        two = self.down2(self.pool(one))
        deep = self.deep(self.pool(two))
        if self.wrong("shuffle_by_reshape"):
            b, c, h, w = deep.shape
            wide = (
                deep.reshape(b, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2).reshape(b, c // 4, 2 * h, 2 * w)
            )
        else:
            wide = F.pixel_shuffle(deep, 2)
        skip = self.mix(two) if self.wrong("skip_after_mix") else two
        high = self.up1(torch.cat((wide, skip), 1))
        if self.wrong("resize_after_mix"):
            grown = self.grown(torch.relu(self.mix(high)))
        elif self.wrong("mix_without_relu"):
            grown = self.mix(self.grown(high))
        else:
            grown = torch.relu(self.mix(self.grown(high)))
        if self.wrong("deep_for_skip"):
            one = grown
        last = self.up2(torch.cat((grown, one), 1))
        if self.wrong("padded_short"):
            last = last[..., :-1]
            last = F.pad(last, (1, 0))
        return self.head(last)

    def losses(self, outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        wanted = inputs["mask"]
        share = torch.sigmoid(outputs)
        axes = (0, 2, 3) if self.wrong("dice_over_batch") else (2, 3)
        smooth = 0.0 if self.wrong("smooth_missing") else 1.0
        both = (share * wanted).sum(axes)
        sizes = share.sum(axes) + wanted.sum(axes)
        if self.wrong("sizes_squared"):
            sizes = (share * share).sum(axes) + (wanted * wanted).sum(axes)
        overlap = (2 * both + smooth) / (sizes + smooth)
        if self.wrong("smooth_below_alone"):
            overlap = 2 * both / (sizes + smooth)
        dice = (1 - overlap).mean()
        weight = None if self.wrong("positive_weight") else torch.full_like(wanted, 3.0)
        entropy = F.binary_cross_entropy_with_logits(outputs, wanted, pos_weight=weight)
        return {"total": dice + entropy, "dice": dice, "entropy": entropy}
