"""CPANet as a pair: its variants, inputs, recipe, and what needs another rule than the usual one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.errors import BadInput
from harness.pairs import option
from harness.pairs.base import Arrays, Mode, Numbers, Option, Override, Pair, Recipe, Upstream, Variant
from harness.pairs.cpanet.data import draw_inputs
from harness.pairs.cpanet.data_set import data_set
from harness.pairs.cpanet.fssd import FOLDS
from harness.pairs.cpanet.inference import QueryInference
from harness.pairs.cpanet.meter import EpisodeMeter
from harness.pairs.cpanet.metrics import evaluate
from harness.pairs.cpanet.pictures import draw
from harness.pairs.cpanet.recipe import BATCH, groups, passes
from harness.pairs.cpanet.switches import CORRECTIONS, switches
from harness.state_table import StateTable

PUBLISHED = Upstream(
    "https://github.com/ZSLsherly/CPANet-Pytorch-Jittor",
    "dd018c7fd5e9519412493cd9d5e5536c66489af8",
    "not stated",
)
BACKBONES = {
    "vgg16": "VGG-16 with batch normalisation",
    "resnet50": "deep-stem ResNet-50",
    "resnet101": "deep-stem ResNet-101",
    "resnet152": "deep-stem ResNet-152",
}
PARTS = ("cpp", "sa", "ssa")
ABLATIONS = ("cpp_sa", "cpp_ssa", "sa_ssa", "cpp", "sa", "ssa", "none")
QUIRK_NAMES = {
    "swap_sides": "Q1, height and width swapped",
    "divide_by_batch": "Q2, prototypes divided by the batch size",
    "last_shot_loss": "Q3, the last shot's auxiliary loss alone",
    "k": "Q4, the auxiliary loss weighed 0.8",
    "ignored_is_background": "Q5, ignored pixels of supports taken as background",
    "backbone_norms_train": "Q6, norms of the frozen backbone training",
    "first_mask_only": "Q7, a mask for the first sample alone",
}


BN3_SCALE = float(np.float32(0.2))
SHOTS = Option("the supports of an episode", range(1, 21))
SCALE = Option("what the seeded last scale of a residual block is multiplied by", Numbers(0, 100))
KEYS = {"shot": SHOTS.summary, "bn3_scale": SCALE.summary}


def configured(name: str, summary: str = "", shots: int = 1, **options: Any) -> Variant:
    """A variant of one's own: `backbone`, `shots`, and any of the switches."""
    network = {key: value for key, value in options.items() if key != "backbone"}
    switches(**network)
    options.setdefault("backbone", "vgg16")
    if options["backbone"] not in BACKBONES:
        raise BadInput(f"{options['backbone']!r} is no backbone of CPANet; it has {', '.join(BACKBONES)}")
    upstream = None if network else PUBLISHED
    choices, options = {"shots": SHOTS}, {**options, "shots": shots}
    if options["backbone"] != "vgg16":
        choices, options = {**choices, "bn3_scale": SCALE}, {**options, "bn3_scale": BN3_SCALE}
    return Variant(name, summary, upstream, options, choices)


def _ablation(name: str) -> Variant:
    kept = name.split("_")
    off = {part: False for part in PARTS if part not in kept}
    kept_parts = " and ".join(part.upper() for part in PARTS if part in kept) or "none of CPP, SA and SSA"
    return configured(f"vgg16_{name}", f"ablation on VGG-16: {kept_parts}", **off)


def _variants() -> list[Variant]:
    published = [
        configured(name, f"as published, on {what}", backbone=name) for name, what in BACKBONES.items()
    ]
    corrected = [
        configured(f"{name}_corrected", "every quirk of the published code off", backbone=name, **CORRECTIONS)
        for name in ("vgg16", "resnet50")
    ]
    shots = [configured("vgg16_5shot", "as published, on VGG-16, with five supports", shots=5)]
    ablations = [_ablation(name) for name in ABLATIONS]
    single = [
        configured(f"vgg16_without_{name}", f"a quirk off: {QUIRK_NAMES[name]}", **{name: value})
        for name, value in CORRECTIONS.items()
    ]
    return [published[0], corrected[0], *published[1:], corrected[1], *shots, *ablations, *single]


VARIANTS = tuple(_variants())


def weight_rule(
    seed: int, name: str, shape: tuple[int, ...], bn3_scale: float = BN3_SCALE
) -> NDArray[np.generic]:
    """Seeded weights; the last scale of a residual block is a fifth, or activations would reach 1e4."""
    drawn = seeded.weight(seed, name, shape)
    return np.multiply(np.float32(bn3_scale), drawn) if name.endswith("bn3.weight") else drawn


def seeded_state(variant: Variant, seed: int, table: StateTable) -> Arrays:
    """The weights of a comparison, with the scale that the variant has."""
    scale = variant.options.get("bn3_scale", BN3_SCALE)
    return {entry.key: weight_rule(seed, entry.key, entry.shape, scale) for entry in table}


def traced_variant(header: Mapping[str, Any]) -> str:
    """The variant of a recorded run, with the shots and the scale that its header says.

    A declared variant with the same options is named instead of them.
    """
    name = str(header["variant"])
    declared = next((variant for variant in VARIANTS if variant.name == name), None)
    if declared is None:
        return name
    stated = {"shots": header.get("shot"), "bn3_scale": header.get("bn3_scale")}
    given = {
        key: choice.read(key, str(stated[key]))
        for key, choice in declared.choices.items()
        if stated[key] is not None
    }
    wanted = {**declared.options, **given}
    for variant in VARIANTS:
        if variant.options == wanted:
            return variant.name
    more = {key: value for key, value in given.items() if value != declared.options[key]}
    return option.joined(name, (f"{key}={value}" for key, value in sorted(more.items())))


ZERO_GRADIENT = "zero in theory ({why}): what float32 shows is noise"
ZERO_GRADIENT_BOUND = 1e-4
ZERO_GRADIENTS = {
    "REF.g.0.bias": "a batch normalisation takes it out",
    "REF.W.0.bias": "a batch normalisation takes it out",
    "REF.phi.0.bias": "it moves all scores of a softmax alike",
}


def overrides(variant: Variant, mode: Mode) -> tuple[Override, ...]:
    """Gradients that are zero in theory, and what the published runs recorded twice."""
    if mode == "eval":
        return ()
    rules = [
        Override(f"grad:{name}", "absolute", ZERO_GRADIENT.format(why=why), atol=ZERO_GRADIENT_BOUND)
        for name, why in ZERO_GRADIENTS.items()
        if mode == "train" or "softmax" in why
    ]
    return tuple(rules)


PAIR = Pair(
    name="cpanet",
    title="CPANet, few-shot segmentation of surface defects",
    variants={variant.name: variant for variant in VARIANTS},
    reference="refs_torch.cpanet",
    port="ports_jittor.cpanet",
    draw_inputs=draw_inputs,
    forward=("x", "s_x", "s_y", "y"),
    recipe=Recipe(
        optimizer="sgd",
        lr=0.0025,
        options={"momentum": 0.9, "weight_decay": 1e-4},
        schedule="poly",
        schedule_options={"power": 0.9},
        epochs=200,
        groups=groups(),
        passes=passes,
        batch=BATCH,
        quirks=("the last step has a rate of 0, since iterations count from 1",),
    ),
    weight_rule=weight_rule,
    seeded_state=seeded_state,
    traced_variant=traced_variant,
    traced_keys=KEYS,
    metrics=evaluate,
    data_set=data_set,
    folds=FOLDS,
    meter=lambda variant: EpisodeMeter(),
    pictures=draw,
    inference=QueryInference,
    overrides=overrides,
    checkpoint_prefixes=("module.",),
)
