"""What was recorded of the published L2SKNet networks, for the tests of the reference and of the port."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from harness import seeded
from harness.pairs.base import InputRequest
from harness.pairs.l2sknet.pair import PAIR
from tests import shared_folder
from tests.upstream.recorded import Array, Recorded, recorded

PUBLISHED = [name for name in PAIR.variants if not name.endswith("_fork")]
SEED = 1
TAGS = {"eval": "golden-eval", "train": "golden-train-0"}
# One input channel under a norm, which takes out its scale: next to nothing is left of such a gradient.
ILL_CONDITIONED = ("layer0.0.shortcut.0.weight", "alpha", "beta_raw", "temperature_raw")


def folder() -> Path:
    """The folder of recorded truth."""
    found = shared_folder()
    assert found is not None
    return found


@cache
def state_file() -> dict[str, Any]:
    """The recorded state dicts."""
    found: dict[str, Any] = json.loads((folder() / "specs" / "l2sknet.state.json").read_text())
    return found


@cache
def adam_steps(variant: str) -> dict[str, Any]:
    """The recorded steps of the optimiser."""
    expected = json.loads((folder() / "upstream" / "l2sknet" / "adam_steps.json").read_text())
    assert expected["seed"] == SEED
    found: dict[str, Any] = expected["variants"][variant]
    return found


@cache
def metrics_file() -> dict[str, Any]:
    """The recorded metrics and losses."""
    found: dict[str, Any] = json.loads((folder() / "upstream" / "l2sknet" / "metrics.json").read_text())
    return found


@cache
def traced(variant: str, mode: str) -> Recorded:
    """The recorded run of a variant."""
    found = recorded(folder() / "upstream" / "l2sknet" / f"{variant}.{mode}.h5")
    assert (found.variant, found.mode, found.seed) == (variant, mode, SEED)
    return found


def request(truth: Recorded) -> InputRequest:
    """The request that draws the inputs of a recorded run."""
    batch, _, height, width = truth.inputs["image"].shape
    mode: Any = truth.mode
    return InputRequest(PAIR.variant(truth.variant), mode, SEED, batch, (height, width), tag=TAGS[truth.mode])


def seeded_state(variant: str) -> dict[str, Array]:
    """Seeded weights for every recorded key of a variant."""
    entries = state_file()["variants"][variant]["entries"]
    return {key: seeded.weight(SEED, key, tuple(shape)) for key, shape, _ in entries}


def zero_gradients(variant: str) -> list[str]:
    """Parameters whose gradient is zero in theory."""
    return list(state_file()["variants"][variant]["gradient_is_analytically_zero"])


def no_gradients(variant: str) -> set[str]:
    """Parameters that never get a gradient."""
    return set(state_file()["variants"][variant]["never_receives_gradient"])


def loss_inputs(case: dict[str, Any]) -> tuple[Array, Array, Array]:
    """Two predictions and a mask of a recorded case of the loss."""
    expected = metrics_file()
    prefix = f"l2sknet/{expected['tag']}/loss/{case['name']}"
    shape = tuple(case["shape"])
    first, second = (
        seeded.tensor(expected["seed"], f"{prefix}/{name}", shape, "uniform") for name in ("pred", "pred2")
    )
    return first, second, np.asarray(seeded.tensor(expected["seed"], f"{prefix}/mask", shape, "binary"))
