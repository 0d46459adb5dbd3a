"""L2SKNet as a pair: its variants, inputs, recipe, and what needs another rule than the usual one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.pairs.base import Mode, Override, Pair, Recipe, Upstream, Variant
from harness.pairs.l2sknet.data import draw_inputs
from harness.pairs.l2sknet.data_set import data_set
from harness.pairs.l2sknet.inference import MaskInference
from harness.pairs.l2sknet.meter import SceneMeter
from harness.pairs.l2sknet.metrics import evaluate
from harness.pairs.l2sknet.pictures import draw

OFFICIAL = Upstream(
    "https://github.com/fengyiwu98/L2SKNet", "b9624fe4900c448037ae66c61133489aa3436c07", "MIT"
)
FORK = Upstream(
    "https://github.com/Yejiaxuan/L2SKNet-Pytorch", "472375e7491e84257397e5bdae834d591744af5b", "not stated"
)

VARIANTS = (
    Variant("L2SKNet_UNet", "U-shaped network with dilated saliency kernels", OFFICIAL),
    Variant("L2SKNet_FPN", "residual pyramid with dilated saliency kernels", OFFICIAL),
    Variant("L2SKNet_1D_UNet", "U-shaped network with row and column kernels", OFFICIAL),
    Variant("L2SKNet_1D_FPN", "residual pyramid with row and column kernels", OFFICIAL),
    Variant("L2SKNet_UNet_morphology", "U-shaped network with learnable morphology", FORK),
    Variant("L2SKNet_FPN_morphology", "residual pyramid with learnable morphology", FORK),
    Variant(
        "L2SKNet_1D_UNet_fork", "the fork's U-shaped network: its row and column kernels have no bias", FORK
    ),
    Variant("L2SKNet_1D_FPN_fork", "the fork's pyramid: its row and column kernels have no bias", FORK),
)


def traced_variant(header: Mapping[str, Any]) -> str:
    """The variant of a recorded run: the fork has its own form of some networks of the same names."""
    name, of_the_fork = str(header["variant"]), f"{header['variant']}_fork"
    forked = str(header.get("repo", "")) and FORK.repo.endswith(f"/{header['repo']}")
    return of_the_fork if forked and any(one.name == of_the_fork for one in VARIANTS) else name


ZERO_GRADIENT = "zero in theory, as a batch normalisation follows this bias: what float32 shows is noise"
ZERO_GRADIENT_BOUND = 1e-6
BIASES_BEFORE_NORMS = (
    "Conv?.conv.[03].bias",
    "Up_conv?.conv.[03].bias",
    "Up?.up.1.bias",
    "fuse??.feature_high.0.bias",
    "contrast*.0.conv_nx1.bias",
)


def overrides(variant: Variant, mode: Mode) -> tuple[Override, ...]:
    """The gradients that are zero or nearly so in theory, where the norms take the batch's statistics."""
    found = []
    if "_1D_" in variant.name and variant.upstream is OFFICIAL and mode != "eval":
        reason = "nothing uses this kernel: PyTorch has no gradient for it, Jittor a zero"
        found.append(Override("grad:contrast*.0.conv.weight", "skip", reason))
    if mode == "train":
        found += [
            Override(f"grad:{name}", "absolute", ZERO_GRADIENT, atol=ZERO_GRADIENT_BOUND)
            for name in BIASES_BEFORE_NORMS
        ]
    return tuple(found)


PAIR = Pair(
    name="l2sknet",
    title="L2SKNet, infrared small-target segmentation",
    variants={variant.name: variant for variant in VARIANTS},
    reference="refs_torch.l2sknet",
    port="ports_jittor.l2sknet",
    draw_inputs=draw_inputs,
    forward=("image",),
    recipe=Recipe(
        optimizer="adam",
        lr=5e-4,
        options={"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0},
        schedule="multistep",
        schedule_options={"milestones": (200, 300), "gamma": 0.1},
        epochs=400,
        batch=8,
    ),
    metrics=evaluate,
    data_set=data_set,
    meter=lambda variant: SceneMeter(),
    pictures=draw,
    inference=MaskInference,
    overrides=overrides,
    traced_variant=traced_variant,
    traced_keys={"repo": "whose form of a network it is"},
    checkpoint_prefixes=("model.",),
)
