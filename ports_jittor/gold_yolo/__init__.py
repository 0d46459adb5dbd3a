"""Gold-YOLO in Jittor: the port."""

from __future__ import annotations

from dataclasses import replace

from harness.pairs.gold_yolo.config import CONFIGS
from ports_jittor.gold_yolo.deploy import replace_parts
from ports_jittor.gold_yolo.network import GoldYolo


def build(variant: str, classes: int | None = None) -> GoldYolo:
    """The network of a variant, for any number of classes, with the weights its constructor gives it."""
    config = CONFIGS[variant]
    model = GoldYolo(config if classes is None else replace(config, classes=classes))
    if config.fold:
        replace_parts(model, fold_convs=config.fold == "whole")
    return model
