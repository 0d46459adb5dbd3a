"""The network as a whole, and what its weights start from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jittor as jt
from jittor import Var as Tensor

from harness.pairs.gold_yolo.config import Config
from ports_jittor.gold_yolo.backbone import Backbone
from ports_jittor.gold_yolo.blocks import ConvModule
from ports_jittor.gold_yolo.head import HEADS
from ports_jittor.gold_yolo.loss import DetectionLoss
from ports_jittor.gold_yolo.neck import Neck
from ports_jittor.gold_yolo.transformer import Attention
from ports_jittor.torchlike import nn

PRIOR = 0.01  # the probability that a new network gives every class


class GoldYolo(nn.Module):
    """Backbone, neck and head; with what the head found come the neck's features."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.backbone = Backbone(config)
        self.neck = Neck(config)
        self.detect = HEADS[config.head](config)
        self.criterion = DetectionLoss(config)
        start(self)

    def forward(self, image: Tensor) -> list[Any]:
        features = self.neck(self.backbone(image))
        return [self.detect(features), features]

    def losses(self, outputs: list[Any], inputs: Mapping[str, Tensor], epoch: int = 0) -> dict[str, Tensor]:
        """The total, which training minimises, and its weighted parts."""
        return self.criterion(outputs[0], inputs["targets"], tuple(inputs["x"].shape[-2:]), epoch)


def start(model: GoldYolo) -> None:
    """Everything that does not start as its layer's own constructor starts it."""
    for module in model.modules():
        if isinstance(module, ConvModule):
            jt.init.kaiming_normal_(module.conv.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, Attention):
            jt.init.zero_(module.proj[1].bn.weight)
    for name, predictors in model.detect.named_children():
        if name.startswith(("cls_preds", "reg_preds")):
            bias = -math.log((1 - PRIOR) / PRIOR) if name.startswith("cls") else 1.0
            for conv in predictors:
                jt.init.zero_(conv.weight)
                jt.init.constant_(conv.bias, bias)
