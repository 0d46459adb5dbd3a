"""LED as a pair: three networks, plain and in each stage of RepNR, their weights, inputs and recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.errors import BadInput
from harness.json_codec import short
from harness.pairs import option
from harness.pairs.base import Option, Pair, Upstream, Variant
from harness.pairs.led.data import draw_inputs
from harness.pairs.led.data_set import data_set
from harness.pairs.led.inference import RawInference
from harness.pairs.led.meter import ImageMeter
from harness.pairs.led.metrics import evaluate
from harness.pairs.led.pictures import draw
from harness.pairs.led.recipes import FINETUNED, RECIPE
from harness.pairs.led.weights import seeded_state, weight_rule

LED = Upstream("https://github.com/Srameo/LED", "ee3d372889dea26ad2f0693d607c48f5108f6ec3", "CC BY-NC 4.0")
CAMERAS = {"unet": 2, "nafnet": 1, "restormer": 4}
CAMERA = Option("the camera whose adapters are used: 0 to 4 are virtual, 5 and -1 the new one", range(-1, 6))
KEPT = {
    "unet": ("conv10_1",),
    "nafnet": ("ending", "dwconv2", "downconv", "upconv"),
    "restormer": ("output", "dwconv", "qkv_dwconv"),
}
STAGES = {
    "pretrain": "at virtual camera {camera}, before finetuning",
    "finetune": "at the new camera, with auxiliary kernels",
    "deployed": "folded into plain convolutions, all values kept",
}
LOSSY = "folded as published: what a block owns itself goes back to its first value, added biases are dropped"


def variants() -> Iterator[Variant]:
    """The plain network, then its stages, of each architecture."""
    for network, camera in CAMERAS.items():
        yield Variant(network, f"plain {network}", LED, {"network": network})
        common = {"network": network, "kept": KEPT[network]}
        for stage, summary_of_stage in STAGES.items():
            options = {**common, "stage": stage, "camera": camera if stage == "pretrain" else -1}
            choices = {} if stage == "deployed" else {"camera": CAMERA}
            summary = f"RepNR {network}, {summary_of_stage.format(camera=camera)}"
            yield Variant(f"repnr_{network}_{stage}", summary, LED, options, choices)
        if network != "unet":
            options = {**common, "stage": "deployed_upstream"}
            yield Variant(f"repnr_{network}_deployed_upstream", f"RepNR {network}, {LOSSY}", LED, options)


RULES = {
    "fill_rule": (
        'seeded.weight for every key, except keys containing ".align_weights.": '
        "seeded.generator(seed,key).uniform(0.5,1.5,shape) as float32"
    ),
    "weights": (
        "re-parameterisation of the finetune form of the same variant and seed; "
        "input = input of the finetune case"
    ),
}
KEYS = {
    **dict.fromkeys(RULES, "how weights are drawn; another rule is refused"),
    "camera_index": CAMERA.summary,
    "stage": "the stage of RepNR",
    "state_ref": "nothing: where a list of keys and shapes stands",
    "trainable_scalars": "nothing: a count",
    "trainable_tensors": "nothing: a count",
}


def traced_variant(header: Mapping[str, Any]) -> str:
    """The variant that a trace of the published code shows, at its camera; its deployment loses values."""
    network, stage = str(header["variant"]), str(header.get("stage", "plain"))
    if stage == "plain":
        return network
    for name, rule in RULES.items():
        if str(header.get(name, rule)) != rule:
            raise BadInput(
                f"its header says {name}: {short(header[name])}; the weights here are drawn otherwise: {rule}"
            )
    if stage in ("pretrain", "finetune") and "camera_index" in header:
        return option.joined(f"{network}_{stage}", [f"camera={header['camera_index']}"])
    lossy = stage == "deployed" and network != "repnr_unet"
    return f"{network}_{stage}_upstream" if lossy else f"{network}_{stage}"


PAIR = Pair(
    name="led",
    title="LED, denoising of raw images taken in the dark",
    variants={variant.name: variant for variant in variants()},
    reference="refs_torch.led",
    port="ports_jittor.led",
    draw_inputs=draw_inputs,
    forward=("lq",),
    recipe=RECIPE,
    variant_recipes={f"repnr_{network}_finetune": FINETUNED for network in CAMERAS},
    metrics=evaluate,
    data_set=data_set,
    meter=lambda variant: ImageMeter(),
    pictures=draw,
    inference=RawInference,
    weight_rule=weight_rule,
    seeded_state=seeded_state,
    traced_variant=traced_variant,
    traced_keys=KEYS,
    traced_prefix="repnr_module.",
    checkpoint_prefixes=("module.",),
)
