"""The head: for each cell of each level the probability of each class, and the distances of a box's sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness.older_python import strict_zip
from harness.pairs.gold_yolo.config import ANCHORS, DFL_BINS, STRIDES, Config
from refs_torch.gold_yolo.anchors import cell_centres, dist2bbox, tensor_like
from refs_torch.gold_yolo.blocks import Conv
from refs_torch.gold_yolo.fusion import size_of


def predictors(widths: tuple[int, ...], outputs: int) -> nn.ModuleList:
    """A last convolution for each level."""
    return nn.ModuleList(nn.Conv2d(width, outputs, 1) for width in widths)


def rows(levels: list[Tensor]) -> Tensor:
    """Maps as one row a cell, all levels one after another."""
    return torch.cat([level.flatten(2).permute(0, 2, 1) for level in levels], dim=1)


class Detect(nn.Module):
    """In training features, probabilities and raw distances; else boxes in pixels with probabilities."""

    suffix = ""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.classes, self.reg_max = config.classes, config.reg_max
        widths = (config.channels[6], config.channels[8], config.channels[10])
        bins = torch.arange(DFL_BINS + 1, dtype=torch.float32)
        self.proj = nn.Parameter(bins, requires_grad=False)
        self.proj_conv = nn.Conv2d(DFL_BINS + 1, 1, 1, bias=False)
        self.proj_conv.weight = nn.Parameter(bins.clone().reshape(1, -1, 1, 1), requires_grad=False)
        self.stems = nn.ModuleList(Conv(width, width) for width in widths)
        self.cls_convs = nn.ModuleList(Conv(width, width, 3) for width in widths)
        self.reg_convs = nn.ModuleList(Conv(width, width, 3) for width in widths)
        self.add_predictors(widths)

    def add_predictors(self, widths: tuple[int, ...]) -> None:
        """The last convolutions, which the forms of the head differ in."""
        setattr(self, f"cls_preds{self.suffix}", predictors(widths, self.classes))
        setattr(self, f"reg_preds{self.suffix}", predictors(widths, 4 * (self.reg_max + 1)))

    def forward(self, levels: list[Tensor]) -> Any:
        features = [stem(level) for stem, level in strict_zip(self.stems, levels)]
        classes = [conv(x) for conv, x in strict_zip(self.cls_convs, features)]
        boxes = [conv(x) for conv, x in strict_zip(self.reg_convs, features)]
        scores = rows(self.predict(f"cls_preds{self.suffix}", classes)).sigmoid()
        if self.training:
            return features, *self.trained(scores, classes, boxes)
        points, strides = cell_centres([size_of(x) for x in features], scores)
        found = dist2bbox(self.distances(boxes), points, "xywh") * strides
        return torch.cat((found, torch.ones_like(scores[..., :1]), scores), dim=-1)

    def predict(self, name: str, levels: list[Tensor]) -> list[Tensor]:
        """A last convolution on each level."""
        return [conv(x) for conv, x in strict_zip(getattr(self, name), levels)]

    def trained(self, scores: Tensor, classes: list[Tensor], boxes: list[Tensor]) -> tuple[Tensor, ...]:
        """What the loss is computed from."""
        return scores, rows(self.predict(f"reg_preds{self.suffix}", boxes))

    def distances(self, boxes: list[Tensor]) -> Tensor:
        """The distances of the four sides in cells (B, A, 4)."""
        raw = self.predict(f"reg_preds{self.suffix}", boxes)
        return rows([self.expected(level) for level in raw] if self.reg_max else raw)

    def expected(self, level: Tensor) -> Tensor:
        """The expectation over the bins of each side."""
        batch, _, height, width = level.shape
        bins = level.reshape(batch, 4, self.reg_max + 1, height * width).permute(0, 2, 1, 3)
        return self.proj_conv(bins.softmax(dim=1)).reshape(batch, 4, height, width)


class DistilledDetect(Detect):
    """The head of the distilled small networks: a second set of distances, which alone evaluation uses."""

    def add_predictors(self, widths: tuple[int, ...]) -> None:
        """One set more."""
        super().add_predictors(widths)
        self.reg_preds_lrtb = predictors(widths, 4)

    def trained(self, scores: Tensor, classes: list[Tensor], boxes: list[Tensor]) -> tuple[Tensor, ...]:
        """With the second set."""
        return *super().trained(scores, classes, boxes), rows(self.predict("reg_preds_lrtb", boxes))

    def distances(self, boxes: list[Tensor]) -> Tensor:
        """The second set, as it is."""
        return rows(self.predict("reg_preds_lrtb", boxes))


class FusedDetect(Detect):
    """The head with an anchor-based branch beside, which helps training and is not evaluated."""

    suffix = "_af"

    def add_predictors(self, widths: tuple[int, ...]) -> None:
        """The anchor-based branch's too."""
        super().add_predictors(widths)
        self.cls_preds_ab = predictors(widths, 3 * self.classes)
        self.reg_preds_ab = predictors(widths, 12)

    def trained(self, scores: Tensor, classes: list[Tensor], boxes: list[Tensor]) -> tuple[Tensor, ...]:
        """The anchor-based branch first."""
        anchored = [anchor_rows(x, 3) for x in self.predict("cls_preds_ab", classes)]
        raw = [anchor_rows(x, 3) for x in self.predict("reg_preds_ab", boxes)]
        shaped = torch.cat([self.shaped(place, x) for place, x in enumerate(raw)], dim=1)
        return torch.cat(anchored, dim=1).sigmoid(), shaped, *super().trained(scores, classes, boxes)

    def shaped(self, level: int, raw: Tensor) -> Tensor:
        """Centres as they are; sizes as shares of the anchors', in cells."""
        shapes = np.array(ANCHORS[level], np.float32).reshape(3, 2) / STRIDES[level]
        every = tensor_like(np.tile(shapes, (raw.shape[1] // 3, 1)), raw)
        return torch.cat((raw[..., :2], (raw[..., 2:].sigmoid() * 2) ** 2 * every), dim=-1)


def anchor_rows(level: Tensor, anchors: int) -> Tensor:
    """A map as one row for each anchor of each cell."""
    batch, channels, height, width = level.shape
    split = level.reshape(batch, anchors, channels // anchors, height, width)
    return split.permute(0, 3, 4, 1, 2).reshape(batch, -1, channels // anchors)


HEADS: dict[str, type[Detect]] = {"plain": Detect, "distill_ns": DistilledDetect, "fuse_ab": FusedDetect}
