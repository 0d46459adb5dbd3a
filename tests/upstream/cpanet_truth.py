"""What was recorded of the published CPANet, for the tests of the reference and of the port."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from harness.pairs.cpanet.pair import PAIR, ZERO_GRADIENTS
from tests import shared_folder
from tests.upstream.recorded import Array, Recorded, recorded

SEED = 1
BACKBONES = ("vgg16", "resnet50", "resnet101", "resnet152")
CASES = (
    "vgg16_eval_1shot",
    "vgg16_eval_5shot",
    "vgg16_eval_nonsquare",
    "vgg16_train_1shot",
    "vgg16_train_2shot",
    "resnet50_eval_1shot",
    "resnet50_train_1shot",
)
TRAINING = tuple(case for case in CASES if "_train_" in case)
PRESENT = shared_folder() is not None
SMALLEST_GRADIENTS = tuple(ZERO_GRADIENTS)  # zero in theory
AFTER = "after."


def _json(*place: str) -> dict[str, Any]:
    folder = shared_folder()
    assert folder is not None
    found: dict[str, Any] = json.loads(folder.joinpath(*place).read_text())
    return found


@cache
def state_file() -> dict[str, Any]:
    """The recorded state dicts, by backbone."""
    found: dict[str, Any] = _json("specs", "cpanet.state.json")["variants"]
    return found


@cache
def metrics_file() -> dict[str, Any]:
    """The recorded metrics, validation and learning rates."""
    return _json("upstream", "cpanet", "metrics.json")


@cache
def data_file() -> dict[str, Any]:
    """The recorded episodes and resizes."""
    return _json("upstream", "cpanet", "data.json")


@cache
def traced(case: str) -> Recorded:
    """The recorded run of a case."""
    folder = shared_folder()
    assert folder is not None
    found = recorded(folder / "upstream" / "cpanet" / f"{case}.h5")
    assert found.seed == SEED
    return found


def seeded_state(backbone: str) -> dict[str, Array]:
    """Seeded weights for every recorded key."""
    entries = state_file()[backbone]["state"]
    return {key: PAIR.weight_rule(SEED, key, tuple(shape)) for key, shape, _ in entries}


def outputs(found: dict[str, Any], state: dict[str, Array]) -> dict[str, Any]:
    """What a run returned, under the names that the recorded one has."""
    flat = {name: value for name, value in found.items() if name not in ("supp", "aux")}
    flat |= {f"supp.{shot}": value for shot, value in enumerate(found.get("supp", ()))}
    return flat | {f"{AFTER}{key}": value for key, value in state.items()}
