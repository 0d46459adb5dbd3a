"""Gold-YOLO as a pair: its variants, inputs, recipe, and what needs another rule than the usual one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from harness.pairs.base import Pair, Recipe, Upstream, Variant
from harness.pairs.gold_yolo.config import CONFIGS, SIZES
from harness.pairs.gold_yolo.data import draw_inputs, weight_rule
from harness.pairs.gold_yolo.data_set import data_set
from harness.pairs.gold_yolo.deployment import seeded_state, traced_inputs, traced_outputs
from harness.pairs.gold_yolo.inference import BoxInference
from harness.pairs.gold_yolo.meter import PrecisionMeter
from harness.pairs.gold_yolo.pictures import draw
from harness.pairs.gold_yolo.prepare import prepare_subset
from harness.pairs.gold_yolo.schedule import (
    BATCH_OF_A_CARD,
    EMA,
    GROUPS,
    QUICK_GROUPS,
    events,
    passes,
    quick_passes,
)
from harness.pairs.gold_yolo.traced import CHOICES, KEYS, options_of, traced_gradients, traced_variant
from harness.pairs.recipe import Ema

OFFICIAL = Upstream(
    "https://github.com/huawei-noah/Efficient-Computing",
    "225ddd2e6ca41915434557f7f49d395e4f801e3e",
    "GPL-3.0",
)

VARIANTS = (
    Variant("n", "nano: RepVGG blocks, SIoU, distances as they are", OFFICIAL),
    Variant("s", "small: RepVGG blocks, distances as distributions", OFFICIAL),
    Variant("m", "medium: cross-stage stages of RepVGG blocks", OFFICIAL),
    Variant("l", "large: cross-stage stages of plain convolutions", OFFICIAL),
    Variant("n_dfl", "nano with distances as distributions, as the authors advise for training", OFFICIAL),
    Variant("n_atss", "nano whose first four epochs assign by place", OFFICIAL),
    Variant("s_atss", "small whose first four epochs assign by place", OFFICIAL),
    Variant("n_distill_ns", "nano with the head of the released distilled weights", OFFICIAL),
    Variant("s_distill_ns", "small with the head of the released distilled weights", OFFICIAL),
    Variant("s_fuse_ab", "small with the anchor-based branch that helps training", OFFICIAL),
    *(Variant(f"{size}_folded_blocks", f"{size} with each RepVGG block as one convolution", OFFICIAL)
      for size in SIZES),
    *(Variant(f"{size}_deployed", f"{size} for deployment, with norms folded into convolutions", OFFICIAL)
      for size in SIZES),
)  # fmt: skip


RECIPE = Recipe(
    optimizer="sgd",
    lr=0.01,
    options={"momentum": 0.937, "nesterov": True, "weight_decay": 5e-4},
    schedule="cosine",
    schedule_options={"final_share": 0.01, "warmup_epochs": 3},
    epochs=300,
    groups=GROUPS,
    passes=passes,
    events=events,
    ema=EMA,
    batch=BATCH_OF_A_CARD,
    quirks=(
        "after the warm-up an epoch has the rate of the one before it",
        "gradients that come together are added, not averaged",
        "alpha of the residual blocks and detect.proj are in no group and never learn",
    ),
)
NEVER_LEARNS = RECIPE.quirks[-1]
QUICK = Recipe(
    optimizer="sgd",
    lr=0.02,
    options={"momentum": 0.937, "nesterov": True},
    schedule="cosine",
    schedule_options={"final_share": 0.05, "warmup_epochs": 1},
    epochs=15,
    groups=QUICK_GROUPS,
    passes=quick_passes,
    events=lambda length: {"end of the warm-up": length.steps},
    ema=Ema(0.98, ramp=50),
    batch=8,
    quirks=(NEVER_LEARNS,),
)
"""For some hundred small pictures: a step each pass, a short warm-up, an average that follows some steps."""
ASSIGNED_BY_PLACE = {
    name: replace(RECIPE, events=partial(events, assigner=config.warmup_epoch))
    for name, config in CONFIGS.items()
    if config.warmup_epoch
}

PAIR = Pair(
    name="gold_yolo",
    title="Gold-YOLO, object detection",
    variants={
        variant.name: replace(variant, options=options_of(variant.name), choices=CHOICES)
        for variant in VARIANTS
    },
    reference="refs_torch.gold_yolo",
    port="ports_jittor.gold_yolo",
    draw_inputs=draw_inputs,
    forward=("x",),
    recipe=RECIPE,
    recipes={"quick": QUICK},
    variant_recipes=ASSIGNED_BY_PLACE,
    data_set=data_set,
    meter=lambda variant: PrecisionMeter(),
    pictures=draw,
    inference=lambda variant: BoxInference(),
    weight_rule=weight_rule,
    checkpoint_prefixes=("model.", "module."),
    traced_variant=traced_variant,
    traced_keys=KEYS,
    seeded_state=seeded_state,
    traced_gradients=traced_gradients,
    traced_outputs=traced_outputs,
    traced_inputs=traced_inputs,
    prepare_data=prepare_subset,
)
