"""The weights and inputs of a comparison, drawn from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.errors import BadInput
from harness.pairs.base import Arrays, InputRequest, Variant
from harness.pairs.gold_yolo.config import CLASSES, DFL_BINS, STRIDES, Config, config_of

EVAL_BATCH, EVAL_SIZE = 1, (160, 160)
TRAIN_BATCH, TRAIN_SIZE = 2, (96, 128)
OBJECTS = 3  # an image
CLASS_PRIOR = -4.0  # what is added to the seeded bias of every class
TALL_CELLS, LEVEL_CELLS = 13, 9  # what each assigner chooses from, at least


def weight_rule(
    seed: int, key: str, shape: tuple[int, ...], class_prior: float = CLASS_PRIOR
) -> NDArray[Any]:
    """Seeded weights under which the network neither explodes nor says the same of everything.

    A block adds up three branches that nothing normalises: with plain seeded weights activations reach 5e10.
    """
    if key in ("detect.proj", "detect.proj_conv.weight"):
        return np.arange(DFL_BINS + 1, dtype=np.float32).reshape(shape)
    drawn: NDArray[Any] = seeded.weight(seed, key, shape)
    if key.endswith(("running_mean", "running_var")):
        return drawn * np.float32((4.0 if key.endswith("var") else 2.0) ** _power(key))
    if key.startswith("detect.cls_preds") and key.endswith(".bias"):
        return drawn + np.float32(class_prior)
    if key.startswith("detect.reg_preds") and shape[0] == 4:
        return drawn + np.float32(1) if key.endswith(".bias") else drawn * np.float32(0.25)
    return drawn


def _power(key: str) -> int:
    """How often the variance of a norm's input is taken to be fourfold."""
    if "rbr_" in key:
        return 1
    if "Inject_n" in key and ".global_" in key:
        return 2
    return int(".mlp.fc2.bn." in key or ".attn.proj.1.bn." in key)


def settings(variant: Variant) -> dict[str, Any]:
    """The options of a variant that its network is built with."""
    return {name: value for name, value in variant.options.items() if name != "class_prior"}


def draw_inputs(request: InputRequest) -> Arrays:
    """An image in [0, 1) by steps of 1/64, and objects (image, class, box in shares of a side)."""
    trains = request.mode != "eval"
    batch = request.batch or (TRAIN_BATCH if trains else EVAL_BATCH)
    height, width = request.size or (TRAIN_SIZE if trains else EVAL_SIZE)
    config = config_of(request.variant.name, **settings(request.variant))
    check_size(config, request.mode, batch, height, width)
    tag = f"gold_yolo/{request.tag}"
    image = seeded.tensor(request.seed, f"{tag}/x", (batch, 3, height, width))
    inputs: Arrays = {"x": np.floor(64 * image) / np.float32(64)}
    if trains:
        inputs["targets"] = draw_targets(request.seed, tag, batch, (height, width))
    return inputs


def draw_targets(
    seed: int, tag: str, batch: int, size: tuple[int, int], classes: int = CLASSES
) -> NDArray[np.float32]:
    """Objects well inside their images; sides and centres are shares of the longer side."""
    rng = seeded.generator(seed, f"input/{tag}/targets")
    count = batch * OBJECTS
    limits = np.array([size[1], size[0]]) / max(size)
    extent = rng.uniform(0.15, 0.6, (count, 2)) * limits
    centre = extent / 2 + rng.random((count, 2)) * (limits - extent)
    image, label = np.repeat(np.arange(batch), OBJECTS), rng.integers(0, classes, count)
    rows: NDArray[Any] = np.concatenate((np.stack((image, label), axis=1), centre, extent), axis=1)
    return rows.astype(np.float32)


def check_size(config: Config, mode: str, batch: int, height: int, width: int) -> None:
    """Refuse what the network or its loss cannot take."""
    if mode != "eval":
        config.require_loss()
    said = f"{batch} images of {height}x{width}"
    levels = [(-(-height // stride)) * (-(-width // stride)) for stride in STRIDES]
    if mode == "train" and batch * -(-height // 64) * -(-width // 64) < 2:
        raise BadInput(
            f"{said} cannot train: a norm would see one value a channel; use 2 images, or one above 64 pixels"
        )
    if mode != "eval" and config.warmup_epoch and min(levels) < LEVEL_CELLS:
        raise BadInput(
            f"{said}: assigning by place needs {LEVEL_CELLS} cells in every level, 96x96 pixels or more"
        )
    if mode != "eval" and sum(levels) < TALL_CELLS:
        raise BadInput(f"{said}: assigning needs {TALL_CELLS} cells, 64x64 pixels or more")
