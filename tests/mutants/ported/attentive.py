"""A small network with channel and spatial attention, computed weights, and a loss that ignores a class."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.mutants.ported.base import Ported

WIDTH = 8


class Channels(Ported):
    def __init__(self, wrong: str) -> None:
        super().__init__(wrong)
        self.largest = nn.AdaptiveAvgPool2d(1) if wrong == "mean_for_largest" else nn.AdaptiveMaxPool2d(1)
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.narrow, self.wide = nn.Conv2d(WIDTH, 4, 1), nn.Conv2d(4, WIDTH, 1)

    def mlp(self, x: Tensor) -> Tensor:
        return self.wide(F.relu(self.narrow(x)))

    def forward(self, x: Tensor) -> Tensor:
        found = self.mlp(self.mean(x)) + self.mlp(self.largest(x))
        if self.wrong("softmax_for_sigmoid"):
            return x * torch.softmax(found, 1)
        if self.wrong("gate_added"):
            return x + torch.sigmoid(found)
        return x * torch.sigmoid(found)


class Space(Ported):
    def __init__(self, wrong: str) -> None:
        super().__init__(wrong)
        self.conv = nn.Conv2d(2, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(1, keepdim=True)
        largest = x.amin(1, keepdim=True) if self.wrong("least_for_largest") else x.amax(1, keepdim=True)
        if self.wrong("largest_of_absolute"):
            largest = x.abs().amax(1, keepdim=True)
        return x * torch.sigmoid(self.conv(torch.cat((mean, largest), 1)))


class Attentive(Ported):
    def __init__(self, wrong: str) -> None:
        super().__init__(wrong)
        self.weight = nn.Parameter(torch.zeros(WIDTH, 3, 3, 3))
        self.channels, self.space = Channels(wrong), Space(wrong)
        self.gamma, self.beta = (nn.Parameter(torch.zeros(WIDTH)) for _ in range(2))
        self.mixing = nn.Parameter(torch.zeros(WIDTH, WIDTH))
        self.head = nn.Conv2d(WIDTH, 4, 1)

    def standard(self) -> Tensor:
        w = self.weight
        if self.wrong("weight_as_it_is"):
            return w
        axes = (1, 2) if self.wrong("axis_of_weight_missing") else (1, 2, 3)
        mean = w.mean(axes, keepdim=True)
        if self.wrong("weight_detached"):
            mean = mean.detach()
        spread = torch.sqrt(w.var(axes, keepdim=True, unbiased=self.wrong("unbiased")) + 1e-5)
        return (w - mean) / spread

    def unit(self, x: Tensor) -> Tensor:
        square = (x * x).sum(1, keepdim=True)
        if self.wrong("eps_outside_root"):
            return x / (torch.sqrt(square) + 0.01)
        if self.wrong("root_missing"):
            return x / (square + 0.01)
        return x / torch.sqrt(square + (0.1 if self.wrong("eps_larger") else 0.01))

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.standard(), padding=1)
        x = torch.clamp(x, -1.0, 4.0 if self.wrong("clamp_bound") else 2.0)
        if self.wrong("attentions_exchanged"):
            x = self.channels(self.space(x))
        else:
            x = self.space(self.channels(x))
        x = self.unit(x)
        b, c, h, w = x.shape
        shuffled = x.reshape(b, 2, c // 2, h, w).transpose(1, 2).reshape(b, c, h, w)
        if self.wrong("groups_of_shuffle"):
            shuffled = x.reshape(b, c // 2, 2, h, w).transpose(1, 2).reshape(b, c, h, w)
        scale = self.beta if self.wrong("beta_for_gamma") else self.gamma
        y = shuffled * scale[:, None, None] + self.beta[:, None, None]
        rows = y.permute(0, 2, 3, 1)
        rows = F.linear(rows, self.mixing.t() if self.wrong("mixing_transposed") else self.mixing)
        y = rows.permute(0, 3, 1, 2)
        if self.wrong("spatial_transposed"):
            y = rows.permute(0, 3, 2, 1)
        power = 3.0 if self.wrong("other_power") else 2.0
        found = self.head(y * torch.abs(y) if self.wrong("abs_kept_sign") else torch.abs(y) ** power)
        return found / 0.5 if self.wrong("temperature_divides") else found * 0.5

    def losses(self, outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        label = inputs["label"]
        ignored = -100 if self.wrong("ignore_index") else 3
        weight = None if self.wrong("class_weight") else inputs["weight"]
        return {"entropy": F.cross_entropy(outputs, label, weight, ignore_index=ignored)}
