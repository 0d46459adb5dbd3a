"""Gold-YOLO in PyTorch: the reference, pinned to the published networks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.pairs.gold_yolo.config import config_of
from refs_torch.gold_yolo.deploy import replace_parts
from refs_torch.gold_yolo.network import GoldYolo
from refs_torch.gold_yolo.training import own_training as own_training


def build(variant: str, classes: int | None = None, class_prior: float = 0, **chosen: Any) -> GoldYolo:
    """The network of a variant, for any number of classes, with the weights its constructor gives it.

    `class_prior` is for whoever draws its weights.
    """
    config = config_of(variant, **chosen)
    model = GoldYolo(config if classes is None else replace(config, classes=classes))
    if config.fold:
        replace_parts(model, fold_convs=config.fold == "whole")
    return model
