"""What was recorded of the published Gold-YOLO networks, for the tests of the reference and of the port."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np

from harness import seeded
from harness.pairs.gold_yolo.config import CONFIGS, Config
from harness.pairs.gold_yolo.data import weight_rule
from tests import shared_folder
from tests.upstream.recorded import Array, Recorded, Sample, recorded, sample_of

SEED = 1
PUBLISHED = ["n", "s", "m", "l"]
EVALS = ["n_eval", "n_eval_160x224", "s_eval", "s_eval_160x224", "m_eval", "l_eval", "s_distill_ns_eval"]
FROZEN = ["n_frozen_tal", "n_frozen_atss", "s_frozen_tal", "s_frozen_atss"]
TRAINED = ["n_train_tal", "n_train_atss", "s_train_tal", "s_train_atss"]
LOSSES = [
    "dfl_giou_epoch0", "dfl_giou_epoch4", "nodfl_siou_epoch0", "nodfl_siou_epoch4", "empty_epoch0",
    "empty_epoch4",
]  # fmt: skip
OVERLAPS = ["giou", "siou", "ciou", "diou"]
BLOCKS = [
    "repvgg_id", "repvgg_noid", "repvgg_s2", "repblock", "bottlerep", "bepc3", "bepc3_silu", "simsppf",
    "sppf", "simcspsppf", "low_FAM", "high_FAM_torch", "high_FAM_onnx", "laf3", "advpool", "inject",
    "inject_pooled", "inject_same", "attention", "high_IFM",
]  # fmt: skip
RESIZINGS = [
    f"{kind}_{place}"
    for kind, count in (("pool_torch", 5), ("pool_onnx", 5), ("bilinear", 6))
    for place in range(count)
]
BEPC3 = {"bepc3": ("m", (2, 3)), "bepc3_silu": ("l", (1, 2))}


def folder() -> Path:
    """The folder of recorded truth."""
    found = shared_folder()
    assert found is not None
    return found


def path(name: str) -> Path:
    """A recorded file."""
    return folder() / "upstream" / "gold_yolo" / name


@cache
def recorded_json(name: str) -> dict[str, Any]:
    """A recorded JSON file."""
    found: dict[str, Any] = json.loads(path(f"{name}.json").read_text())
    return found


@cache
def table(variant: str) -> dict[str, Any]:
    """What is known of a variant's state dicts."""
    states = json.loads((folder() / "specs" / "gold_yolo.state.json").read_text())
    found: dict[str, Any] = states["variants"][variant]
    return found


def variant_of(name: str) -> str:
    """The variant whose run a file holds."""
    size = name[0]
    if "distill" in name:
        return f"{size}_distill_ns"
    return f"{size}_atss" if "atss" in name else size


@cache
def traced(name: str) -> Recorded:
    """A recorded run; of large outputs there are samples alone, see `samples`."""
    return recorded(path(f"{name}.h5"))


def outputs(name: str) -> dict[str, Sample]:
    """The outputs of a recorded run, whole ones as samples of everything."""
    with h5py.File(path(f"{name}.h5")) as file:
        held = file["outputs"].items() if "outputs" in file else ()
        return {key: _whole(item) for key, item in held}


def _whole(item: Any) -> Sample:
    if isinstance(item, h5py.Group):
        return sample_of(item)
    value = item[()].reshape(-1)
    return Sample(item.shape, np.arange(value.size), value, float(np.linalg.norm(value)))


def noise(name: str) -> dict[str, float]:
    """How far upstream's own gradients are from its float64 run; -1 where the true one is zero."""
    with h5py.File(path(f"{name}.h5")) as file:
        return {key: float(item.attrs["noise_rel_l2"]) for key, item in file["grads"].items()}


def buffers(name: str) -> dict[str, Sample]:
    """Running statistics after a recorded run in train mode."""
    with h5py.File(path(f"{name}.h5")) as file:
        return {key: sample_of(item) for key, item in file["buffers_after"].items()}


def changes(group: str) -> dict[str, Sample]:
    """How parameters or their averages changed in three recorded steps."""
    with h5py.File(path("n_sgd3.h5")) as file:
        return {key: sample_of(item) for key, item in file[group].items()}


def change_noise() -> dict[str, float]:
    """How far upstream's own changes in float32 are from its float64 run; small ones are lost in rounding."""
    with h5py.File(path("n_sgd3.h5")) as file:
        return {key: float(item.attrs["noise_rel_l2"]) for key, item in file["params"].items()}


def data(name: str, *keys: str) -> tuple[Array, ...]:
    """Arrays of a recorded file."""
    with h5py.File(path(f"{name}.h5")) as file:
        return tuple(file[key][()] for key in keys)


def attributes(name: str, key: str) -> dict[str, Any]:
    """Attributes of a part of a recorded file."""
    with h5py.File(path(f"{name}.h5")) as file:
        return dict(file[key].attrs)


def weights(shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    """Seeded weights by the pair's rule."""
    return {key: weight_rule(SEED, key, shape) for key, shape in shapes.items()}


def block_weights(case: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    """Seeded weights of a single recorded block, by the plain rule."""
    prefix = "inject" if case.startswith("inject") else case
    return {key: seeded.weight(SEED, f"{prefix}.{key}", shape) for key, shape in shapes.items()}


def block_inputs(case: str) -> list[Array]:
    """The inputs of a single recorded block."""
    listed = json.loads(attributes("ops", case)["inputs"])
    return [seeded.tensor(SEED, name, tuple(shape), law) for name, shape, law in listed]


def block_config(case: str) -> Config:
    """The settings of a single recorded block that needs some."""
    if case in BEPC3:
        variant, share = BEPC3[case]
        return replace(CONFIGS[variant], csp_e=share)
    return replace(CONFIGS["n"], embed_dim_n=12)


def image(shape: tuple[int, ...]) -> Array:
    """The recorded input of runs that do not hold it."""
    return np.floor(64 * seeded.tensor(SEED, "x", shape)) / np.float32(64)


def drawn(name: str, shape: tuple[int, ...], law: str = "uniform") -> Array:
    """A recorded tensor."""
    return seeded.tensor(SEED, name, shape, law)


def as_centres(raw: Any) -> tuple[Any, Any]:
    """What an anchor-based branch would say of boxes given as distances: centres from the points, sizes."""
    low, high = raw[..., :2], raw[..., 2:]
    return (high - low) / 2, high + low


def loss_case(name: str) -> tuple[Config, Array, Array, Array, int]:
    """Settings, probabilities, raw distances, targets and epoch of a recorded loss."""
    found = attributes("loss", f"whole/{name}")
    bins = bool(found["use_dfl"])
    config = replace(
        CONFIGS["s"],
        classes=6,
        reg_max=16 if bins else 0,
        iou_type=str(found["iou_type"]),  # type: ignore[arg-type]
        warmup_epoch=int(found["warmup_epoch"]),
    )
    scores = np.float32(0.98) * drawn("cl/scores", (3, 252, 6)) + np.float32(0.01)
    raw = drawn("cl/distri", (3, 252, 68), "normal") if bins else 4 * drawn("cl/distri", (3, 252, 4)) + 0.25
    (targets,) = data("loss", "whole/targets")
    rows = targets[:0] if name.startswith("empty") else targets
    return config, scores, raw.astype(np.float32), rows, int(found["epoch"])


def build_block(room: ModuleType, case: str) -> Any:
    """The module of a recorded block, made by one of the two sides."""
    blocks, fusion, spp = room.blocks, room.fusion, room.spp
    block, config = blocks.RepVGGBlock, block_config(case)
    makers = {
        "repvgg_id": lambda: block(6, 6),
        "repvgg_noid": lambda: block(5, 7),
        "repvgg_s2": lambda: block(6, 6, 2),
        "repblock": lambda: blocks.RepBlock(4, 6, 3, block),
        "bottlerep": lambda: blocks.BottleRep(6, 6, block),
        "bepc3": lambda: blocks.BepC3(6, 8, 4, config),
        "bepc3_silu": lambda: blocks.BepC3(6, 8, 4, config),
        "simsppf": lambda: spp.SimSPPF(8, 8),
        "sppf": lambda: spp.SPPF(8, 8),
        "simcspsppf": lambda: spp.SimCSPSPPF(8, 8),
        "low_FAM": fusion.LowFAM,
        "high_FAM_torch": fusion.HighFAM,
        "high_FAM_onnx": lambda: fusion.HighFAM(one_window=True),
        "laf3": lambda: fusion.LowLAF(8, 4),
        "advpool": fusion.AdvPool,
        "inject": lambda: fusion.Injection(6),
        "inject_pooled": lambda: fusion.Injection(6),
        "inject_same": lambda: fusion.Injection(6),
        "attention": lambda: room.transformer.Attention(12, 8, 4),
        "high_IFM": lambda: room.transformer.Transformer(config),
    }
    return makers[case]()


def resizing(room: ModuleType, case: str) -> Callable[..., Any]:
    """What a recorded resizing was made by, on one of the two sides."""
    functions = {
        "pool_torch": room.fusion.pool,
        "pool_onnx": room.fusion.pool_with_one_window,
        "bilinear": room.fusion.bilinear,
    }
    return functions[case.rpartition("_")[0]]
