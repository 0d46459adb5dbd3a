"""The network as a whole, and what its weights start from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jittor as jt
from jittor import Var as Tensor

from harness.pairs.gold_yolo.config import Config
from ports_jittor.gold_yolo.backbone import Backbone
from ports_jittor.gold_yolo.blocks import ConvModule, FusedConv
from ports_jittor.gold_yolo.fusion import size_of
from ports_jittor.gold_yolo.head import HEADS
from ports_jittor.gold_yolo.loss import DetectionLoss
from ports_jittor.gold_yolo.neck import Neck
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
        return self.criterion(outputs[0], inputs["targets"], size_of(inputs["x"]), epoch)


def start(model: GoldYolo) -> None:
    """Everything that does not start as its layer's own constructor starts it."""
    for path, module in model.named_modules():
        if isinstance(module, ConvModule):
            jt.init.kaiming_normal_(module.conv.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, FusedConv) and path.endswith("attn.proj.1"):
            jt.init.zero_(module.bn.weight)
        elif isinstance(module, nn.Conv2d) and path.startswith(("detect.cls_preds", "detect.reg_preds")):
            assert module.bias is not None
            jt.init.zero_(module.weight)
            is_class = path.startswith("detect.cls")
            jt.init.constant_(module.bias, -math.log((1 - PRIOR) / PRIOR) if is_class else 1.0)
