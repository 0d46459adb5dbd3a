"""What the header of a recorded run says of its case decides what runs, or is known to decide nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness import pairs
from harness.errors import BadInput
from harness.pairs.base import Numbers, Option
from harness.pairs.option import split
from harness.state_table import StateEntry
from tests import shared_folder

FOLDER = shared_folder()
FILES = sorted(FOLDER.glob("upstream/*/*.h5")) if FOLDER else []
OF_EVERY_RUN = {
    "model": "the pair",
    "variant": "the variant",
    "case": "the tag",
    "mode": "the mode",
    "seed": "what weights are drawn from",
    "repo": "nothing: where the code comes from",
    "commit": "nothing: which of its states it is",
    "torch": "nothing but rounding: the version that ran",
}
DETECTOR = {
    "variant": "n", "case": "frozen_tal", "iou_type": "siou", "reg_max": 0, "use_dfl": 0, "epoch": 4,
    "warmup_epoch": 4, "ori_img_size": 128, "input_shapes": {"x": [2, 3, 96, 128]},
}  # fmt: skip
DISTILLED = {"case": "eval, head of the distilled n", "reg_max": 16, "use_dfl": 1}
DENOISER = {"variant": "repnr_unet", "stage": "finetune", "camera_index": -1}
DEFECTS = {"variant": "resnet50", "shot": 1, "bn3_scale": float(np.float32(0.2))}
FORK = "Yejiaxuan/L2SKNet-Pytorch"


@pytest.mark.skipif(FOLDER is None, reason="no folder ../shared with traces of the upstream code")
@pytest.mark.parametrize("file", [pytest.param(file, id=f"{file.parent.name}-{file.stem}") for file in FILES])
def test_every_key_of_a_header_is_taken_or_known_to_decide_nothing(file: Path) -> None:
    with h5py.File(file) as held:
        keys = set(held.attrs)
    if "mode" in keys:  # the others are of functions and steps, and refused as traces of a run
        assert keys - set(OF_EVERY_RUN) - set(pairs.find(file.parent.name).traced_keys) == set()


@pytest.mark.parametrize(
    ("model", "header", "variant"),
    [
        ("gold_yolo", DETECTOR, "n"),
        ("gold_yolo", {**DETECTOR, **DISTILLED}, "n_distill_ns"),
        ("gold_yolo", {**DETECTOR, "epoch": 0}, "n_atss"),
        ("gold_yolo", {**DETECTOR, "epoch": 3}, "n[warmup_epoch=1]"),
        ("gold_yolo", {**DETECTOR, "iou_type": "ciou"}, "n[iou_type=ciou]"),
        ("gold_yolo", {**DETECTOR, "reg_max": 16, "use_dfl": 1}, "n_dfl"),
        ("gold_yolo", {**DETECTOR, "class_prior": -2.5}, "n[class_prior=-2.5]"),
        ("gold_yolo", {**DETECTOR, "ori_img_size": 160}, "n[ori_img_size=160]"),
        ("gold_yolo", {**DETECTOR, "variant": "l"}, "l[iou_type=siou,reg_max=0]"),
        ("led", DENOISER, "repnr_unet_finetune"),
        ("led", {**DENOISER, "camera_index": 3}, "repnr_unet_finetune[camera=3]"),
        ("led", {**DENOISER, "stage": "pretrain", "camera_index": 3}, "repnr_unet_pretrain[camera=3]"),
        ("cpanet", DEFECTS, "resnet50"),
        ("cpanet", {**DEFECTS, "shot": 2}, "resnet50[shots=2]"),
        ("cpanet", {**DEFECTS, "bn3_scale": 0.5}, "resnet50[bn3_scale=0.5]"),
        ("cpanet", {"variant": "vgg16", "shot": 5, "bn3_scale": 1.0}, "vgg16_5shot"),
        ("l2sknet", {"variant": "L2SKNet_1D_FPN", "repo": "fengyiwu98/L2SKNet"}, "L2SKNet_1D_FPN"),
        ("l2sknet", {"variant": "L2SKNet_1D_FPN", "repo": FORK}, "L2SKNet_1D_FPN_fork"),
        ("l2sknet", {"variant": "L2SKNet_FPN_morphology", "repo": FORK}, "L2SKNet_FPN_morphology"),
    ],
)
def test_a_header_tells_its_variant(model: str, header: dict[str, Any], variant: str) -> None:
    pair = pairs.find(model)
    found = pair.variant(pair.traced_variant(header))
    assert found.name == variant
    for name, text in split(variant)[1].items():
        assert str(found.options[name]) == text


@pytest.mark.parametrize("model", ["gold_yolo", "cpanet", "l2sknet", "led"])
def test_a_variant_that_nobody_declares_is_refused(model: str) -> None:
    pair = pairs.find(model)
    with pytest.raises(BadInput, match="has no variant 'x"):
        pair.variant(pair.traced_variant({"variant": "x", "case": "eval"}))


@pytest.mark.parametrize(
    ("model", "header", "words"),
    [
        ("gold_yolo", {**DETECTOR, "iou_type": "wiou"}, "iou_type=wiou is not allowed; .* giou or siou or"),
        ("gold_yolo", {**DETECTOR, "reg_max": 8}, "reg_max=8 is not allowed; it should be 0 or 16"),
        ("gold_yolo", {**DETECTOR, "use_dfl": 1}, "use_dfl=1 and reg_max=0; no form of the network here has"),
        ("gold_yolo", {**DETECTOR, "epoch": "last"}, "epoch=last is not allowed; .* whole number from 0"),
        ("gold_yolo", {**DETECTOR, "class_prior": "low"}, "class_prior=low is not .* number from -20 to 20"),
        ("cpanet", {**DEFECTS, "bn3_scale": -1}, "bn3_scale=-1 is not allowed"),
        ("cpanet", {**DEFECTS, "bn3_scale": "nan"}, "bn3_scale=nan is not allowed"),
        ("led", {**DENOISER, "fill_rule": "zeros"}, "says fill_rule: 'zeros'; the weights here are drawn"),
        ("led", {**DENOISER, "weights": "best.pt"}, "says weights: 'best.pt'; the weights here are drawn"),
    ],
)
def test_a_header_of_what_is_not_there_is_refused(model: str, header: dict[str, Any], words: str) -> None:
    pair = pairs.find(model)
    with pytest.raises(BadInput, match=words):
        pair.variant(pair.traced_variant(header))


@pytest.mark.parametrize(
    ("model", "key", "names", "factor", "shift"),
    [
        ("gold_yolo", "detect.cls_preds.0.bias", ("n", "n[class_prior=-1]"), 1.0, 3.0),
        ("cpanet", "layer1.0.bn3.weight", ("resnet50[bn3_scale=1]", "resnet50[bn3_scale=0.5]"), 0.5, 0.0),
    ],
)
def test_an_option_of_the_weights_reaches_them(
    model: str, key: str, names: tuple[str, str], factor: float, shift: float
) -> None:
    pair, table = pairs.find(model), [StateEntry(key, (80,), "float32", learns=True)]
    assert pair.seeded_state is not None
    usual, other = (pair.seeded_state(pair.variant(name), 3, table)[key] for name in names)
    np.testing.assert_allclose(other, usual * factor + shift, rtol=1e-6)


def test_a_recipe_is_that_of_the_variant_whatever_is_chosen() -> None:
    pair = pairs.find("gold_yolo")
    assert pair.recipe_of(pair.variant("n_atss[iou_type=ciou]")) is pair.variant_recipes["n_atss"]
    led = pairs.find("led")
    name = "repnr_unet_finetune"
    assert led.recipe_of(led.variant(f"{name}[camera=3]")) is led.variant_recipes[name]


def test_a_number_is_read_as_float32_has_it() -> None:
    scale = Option("a scale", Numbers(0, 1))
    assert scale.read("scale", "0.2") == float(np.float32(0.2)) == scale.read("scale", "0.20000000298023224")
    for text in ("1.5", "inf", "nan", "", "a"):
        with pytest.raises(BadInput, match="it should be a number from 0 to 1: a scale"):
            scale.read("scale", text)
