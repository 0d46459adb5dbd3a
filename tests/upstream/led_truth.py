"""What was recorded of the published LED networks, for the tests of the reference and of the port."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from harness import seeded
from harness.pairs.base import InputRequest, Variant
from harness.pairs.led.pair import PAIR
from harness.pairs.led.weights import seeded_state
from tests import shared_folder
from tests.upstream.recorded import Array, Recorded, Sample, recorded

SEED = 1
PREFIX = PAIR.traced_prefix
FOLDER = shared_folder()
STEMS = sorted(path.stem for path in FOLDER.glob("upstream/led/[nru]*__*.h5")) if FOLDER else []
TRAINED = [stem for stem in STEMS if stem.endswith("_train")]
DEPLOYED = [stem for stem in STEMS if stem.endswith("deployed")]


def file(name: str) -> Path:
    """A file of recorded truth."""
    assert FOLDER is not None
    return FOLDER / "upstream" / "led" / name


@cache
def functions() -> dict[str, Any]:
    """What was recorded of functions, as far as it is no array."""
    found: dict[str, Any] = json.loads(file("functions.json").read_text())
    return found


@cache
def arrays(group: str) -> dict[str, Array]:
    """The recorded arrays of functions below a group, by their path in it."""
    found: dict[str, Array] = {}
    with h5py.File(file("functions.h5"), "r") as content:
        content[group].visititems(
            lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
        )
    return found


@cache
def models() -> dict[str, Any]:
    """The recorded state tables."""
    assert FOLDER is not None
    expected = json.loads((FOLDER / "specs" / "led.state.json").read_text())
    found: dict[str, Any] = expected["models"]
    return found


STEP_NAMES = {
    ("plain", ""): "unet Adam lr 1e-4, 5 steps",
    ("pretrain", "skipped"): "repnr_unet pretrain, absent gradients skipped (set_to_none)",
    ("pretrain", "momentum"): (
        "repnr_unet pretrain, absent gradients are zeros (not set_to_none, as torch < 2)"
    ),
    ("finetune", ""): "repnr_unet finetune, generalize first, align lr 1e-4 then oomn lr 1e-5",
}


def steps_of(stage: str, absent: str = "") -> dict[str, Any]:
    """The recorded steps of the optimiser."""
    found: dict[str, Any] = json.loads(file("steps.json").read_text())[STEP_NAMES[stage, absent]]
    return found


@cache
def noise_parameters() -> dict[str, Any]:
    """The recorded numbers of the noise model."""
    assert FOLDER is not None
    found: dict[str, Any] = json.loads((FOLDER / "specs" / "led.noise.json").read_text())
    return found


def variant_of(stem: str) -> Variant:
    """The variant that a trace shows."""
    with h5py.File(file(f"{stem}.h5"), "r") as content:
        return PAIR.variant(PAIR.traced_variant(dict(content.attrs)))


def finetuned(stem: str) -> Variant:
    """The variant that a trace of a deployed network was folded from."""
    return PAIR.variant(variant_of(stem).name.removesuffix("_upstream").replace("deployed", "finetune"))


def state_name(variant: Variant) -> str:
    """The name of a variant's state among the recorded ones."""
    stage = variant.options.get("stage", "plain").removesuffix("_upstream")
    return variant.name if stage == "plain" else f"repnr_{variant.options['network']}/{stage}"


def entries(variant: Variant) -> list[list[Any]]:
    """The recorded state table of a variant."""
    found: list[list[Any]] = models()[state_name(variant)]["keys"]
    return found


def weights(variant: Variant, table: list[list[Any]] | None = None) -> dict[str, Array]:
    """Seeded weights for every key of a variant."""
    return seeded_state(variant, SEED, table or entries(variant))


@cache
def traced(stem: str) -> Recorded:
    """The recorded run."""
    found = recorded(file(f"{stem}.h5"))
    assert found.seed == SEED
    return found


@cache
def others(stem: str, group: str) -> dict[str, Array]:
    """Further outputs that a trace holds."""
    with h5py.File(file(f"{stem}.h5"), "r") as content:
        return {name: item[()] for name, item in content[group].items()}


@cache
def gradient_norms(stem: str) -> dict[str, float]:
    """The norm of every recorded gradient, by parameter."""
    with h5py.File(file(f"{stem}.h5"), "r") as content:
        if "grads_table" in content:
            table = json.loads(content["grads_table"][()])
            return {name.removeprefix(PREFIX): float(row[4]) for name, row in table.items()}
    return {name: sample.l2 for name, sample in gradients(stem).items()}


def gradients(stem: str) -> dict[str, Sample]:
    """The recorded elements of gradients, by parameter."""
    return {name.removeprefix(PREFIX): sample for name, sample in traced(stem).gradients.items()}


def modules(stem: str) -> dict[tuple[str, int], Sample]:
    """The recorded elements of what modules returned; the wrapper itself is left out."""
    found = traced(stem).modules.items()
    return {
        (name.removeprefix(PREFIX), call): sample for (name, call), sample in found if name + "." != PREFIX
    }


def has_modules(stem: str) -> bool:
    """Whether a trace holds what modules returned; only its head is read, as tests are collected by this."""
    with h5py.File(file(f"{stem}.h5"), "r") as content:
        return any(name + "." != PREFIX for name in content.get("modules", ()))


def request(stem: str) -> InputRequest:
    """The request that draws the inputs of a recorded run."""
    run = traced(stem)
    with h5py.File(file(f"{stem}.h5"), "r") as content:
        tag = str(content.attrs["case"])
    batch, _, height, width = run.inputs["lq"].shape
    mode: Any = run.mode
    return InputRequest(variant_of(stem), mode, SEED, batch, (height, width), tag=tag)


def same(
    found: dict[str, float], wanted: dict[str, float], tolerance: float
) -> dict[str, tuple[float, float]]:
    """The numbers that are not the same, each beside the one that was wanted."""
    assert set(found) == set(wanted)
    return {
        name: (found[name], value)
        for name, value in wanted.items()
        if not np.isclose(found[name], value, rtol=tolerance, atol=0)
    }


LOSSES = list(functions()["losses"]) if FOLDER else []
LOSS_KINDS = {
    "L1Loss": "absolute",
    "MSELoss": "squared",
    "RAWL1Loss": "relative",
    "charbonnier": "charbonnier",
}
LOSS_SHAPE = (2, 4, 6, 8)


def loss_case(name: str) -> tuple[list[Array], str, dict[str, Any]]:
    """What a recorded loss is of: prediction, target, perhaps a map of weights; its kind; its options."""
    kind = next(kind for kind in LOSS_KINDS if name.startswith(kind))
    arrays = [seeded.tensor(SEED, f"led/loss/{part}", LOSS_SHAPE) for part in ("pred", "target")]
    if name.endswith("weight full"):
        arrays.append(seeded.tensor(SEED, "led/loss/wc", LOSS_SHAPE))
    elif name.endswith("weight 1ch"):
        arrays.append(seeded.tensor(SEED, "led/loss/w1", (LOSS_SHAPE[0], 1, *LOSS_SHAPE[2:])))
    scale = 0.7 if "(0.7," in name else 1.0
    return arrays, LOSS_KINDS[kind], {"scale": scale, "reduction": "sum" if "sum" in name else "mean"}


def step_inputs(case: str) -> dict[str, Array]:
    """The inputs of the recorded steps of the optimiser."""
    return {name: seeded.tensor(SEED, f"led/{case}/{name}", (1, 4, 32, 48)) for name in ("lq", "gt")}


def apart_after_steps(params: dict[str, Any], state: dict[str, Array]) -> dict[str, float]:
    """How far parameters are from the recorded ones, at the recorded elements."""
    return {
        name: float(np.abs(state[name].reshape(-1)[expected["index"]] - expected["value"]).max())
        for name, expected in params.items()
    }
