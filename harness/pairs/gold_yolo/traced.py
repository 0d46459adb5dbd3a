"""What can be chosen of a variant, and what the header of a recorded run says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.errors import BadInput
from harness.pairs import option
from harness.pairs.base import Numbers, Option
from harness.pairs.gold_yolo.config import CONFIGS, DFL_BINS
from harness.pairs.gold_yolo.data import CLASS_PRIOR

CHOICES = {
    "iou_type": Option("how the overlap of boxes is scored in the loss", ("giou", "siou", "ciou", "diou")),
    "reg_max": Option("the bins of a distance; 0 takes it as it is", range(0, DFL_BINS + 1, DFL_BINS)),
    "warmup_epoch": Option("how many epochs assign by place before the others", range(1001)),
    "ori_img_size": Option(
        "what targets are shares of, in pixels; 0 is the longer side of the image", range(1 << 13)
    ),
    "class_prior": Option("what is added to the seeded bias of every class", Numbers(-20, 20)),
}
KEYS = {
    **{name: choice.summary for name, choice in CHOICES.items()},
    "use_dfl": "whether a distance has bins, which reg_max says, too",
    "epoch": "the epoch of the loss: how many of warmup_epoch are left",
    "x_shape": "the shape of the image, where the file does not hold it",
    "x_recipe": "how that image is drawn, in words",
}
EPOCH = Option("the epoch of the loss", range(100_001))


def options_of(variant: str) -> dict[str, Any]:
    """What a declared variant has where nothing else is chosen."""
    config = CONFIGS[variant]
    return {name: getattr(config, name, CLASS_PRIOR) for name in CHOICES}


def traced_variant(header: Mapping[str, Any]) -> str:
    """The variant of a recorded run: its form by its case, the rest by what its header says.

    A declared variant with the same settings is named instead of the options.
    """
    name, case = str(header["variant"]), str(header["case"])
    if case == "deploy":
        name = f"{name}_deployed"
    elif "distilled" in case:
        name = f"{name}_distill_ns"
    if name not in CONFIGS:
        return name
    stated = _stated(header)
    prior = stated.pop("class_prior", CLASS_PRIOR)
    config = replace(CONFIGS[name], **stated)
    for declared, settings in CONFIGS.items():
        if settings == config and prior == CLASS_PRIOR:
            return declared
    usual = options_of(name)
    more = {key: value for key, value in {**stated, "class_prior": prior}.items() if value != usual[key]}
    return option.joined(name, (f"{key}={value}" for key, value in sorted(more.items())))


def _stated(header: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a header names, by their own names."""
    stated = {
        name: choice.read(name, str(header[name])) for name, choice in CHOICES.items() if name in header
    }
    if "use_dfl" in header and "reg_max" in stated and bool(header["use_dfl"]) != bool(stated["reg_max"]):
        raise BadInput(
            f"its header says use_dfl={header['use_dfl']} and reg_max={stated['reg_max']}; no form of the "
            f"network here has that: distances have {DFL_BINS} bins and use_dfl=1, or neither"
        )
    if "warmup_epoch" in stated and "epoch" in header:
        epoch = EPOCH.read("epoch", str(header["epoch"]))
        stated["warmup_epoch"] = max(int(stated["warmup_epoch"]) - int(epoch), 0)
    image = header.get("input_shapes", {}).get("x", ())
    if image and stated.get("ori_img_size") == max(image[-2:]):
        stated["ori_img_size"] = 0
    return stated


def traced_gradients(header: Mapping[str, Any]) -> str:
    """Of all recorded cases one keeps every gradient; the others keep the head's, or none."""
    return "*" if str(header["case"]) == "frozen_tal" else "detect.*"
