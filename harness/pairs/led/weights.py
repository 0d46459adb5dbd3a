"""Seeded weights: the adapters' rule, and what deployment makes of the weights of the finetune stage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Sequence

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.pairs.base import Arrays, Variant
from weight_convert import Tensor
from weight_convert.folds import fold_repnr

CAMERAS = 6
LOST = {"beta": 0.0, "gamma": 0.0, "temperature": 1.0}

Row = Sequence[Any]


def weight_rule(seed: int, key: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """Scales of adapters lie around one; all else follows the common rule."""
    if ".align_weights." in key:
        return seeded.generator(seed, key).uniform(0.5, 1.5, shape).astype(np.float32)
    return seeded.weight(seed, key, shape)


def seeded_state(variant: Variant, seed: int, table: Iterable[Row]) -> Arrays:
    """The weights of a comparison: drawn, or for a deployed network folded from drawn ones."""
    rows = [(key, tuple(shape)) for key, shape, *_ in table]
    options = variant.options
    stage = options.get("stage", "plain")
    if not stage.startswith("deployed"):
        return {key: weight_rule(seed, key, shape) for key, shape in rows}
    finetuned = finetuned_state(seed, rows, options["kept"], biased=options["network"] != "restormer")
    deployed = deploy(finetuned)
    if stage == "deployed_upstream":
        deployed = lose(deployed)
    return {key: deployed[key] for key, _ in rows}


def finetuned_state(
    seed: int, rows: Iterable[tuple[str, tuple[int, ...]]], kept: tuple[str, ...], biased: bool
) -> Arrays:
    """The seeded weights of the finetune stage whose deployed network has these keys."""
    state: Arrays = {}
    for key, shape in rows:
        path, _, leaf = key.rpartition(".")
        if not is_converted(path, leaf, shape, kept):
            if not (leaf == "bias" and f"{path}.main_weight" in state):
                state[key] = weight_rule(seed, key, shape)
            continue
        names = [("main_weight", shape), ("aux_weight", shape), ("aux_bias", shape[:1])]
        if biased:
            names.append(("main_bias", shape[:1]))
        for kind in ("align_weights", "align_biases"):
            names += [(f"{kind}.{camera}", (1, shape[1], 1, 1)) for camera in range(CAMERAS)]
        state.update({f"{path}.{name}": weight_rule(seed, f"{path}.{name}", size) for name, size in names})
    return state


def is_converted(path: str, leaf: str, shape: tuple[int, ...], kept: tuple[str, ...]) -> bool:
    """Whether an entry of the plain network is the kernel of what is a RepNR convolution before."""
    parts = path.split(".")
    transposed = parts[-1].startswith("upv")
    return leaf == "weight" and len(shape) == 4 and not transposed and not set(parts) & set(kept)


def deploy(state: Arrays) -> Arrays:
    """The state of the deployed network: every RepNR convolution folded at the new camera, all else kept."""
    folded, _ = fold_repnr({key: Tensor.of(array) for key, array in state.items()})
    return {key: tensor.values() for key, tensor in folded.items()}


def lose(state: Arrays) -> Arrays:
    """What the published code makes of it: values that a block owns itself go back to where they began."""
    return {key: _lost(key, array) for key, array in state.items()}


def _lost(key: str, array: NDArray[Any]) -> NDArray[Any]:
    leaf = key.rpartition(".")[2]
    return np.full_like(array, LOST[leaf]) if leaf in LOST else array
