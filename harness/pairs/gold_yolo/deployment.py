"""The state of the deployed network, by the folds that `convert-weights --deploy` uses, and its traces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Tuple

import numpy as np

from harness import seeded
from harness.errors import BadInput
from harness.older_python import without_suffix
from harness.pairs.base import Arrays, Variant
from harness.pairs.gold_yolo.config import FINE, config_of
from harness.pairs.gold_yolo.data import CLASS_PRIOR, weight_rule
from harness.state_table import StateTable

RECORDED = {"blocks": "rep", "whole": "rep_and_conv"}  # how a recorded case calls what each form returns
_LONGEST = 1 << 12
_Shape = Tuple[int, ...]
_Row = Tuple[str, _Shape]


def folded_state(arrays: Arrays, fold_convs: bool = True) -> Arrays:
    """Every block of branches as one kernel and, with `fold_convs`, each convolution with its norm as one."""
    from weight_convert.folds import fold_repvgg
    from weight_convert.keymaps import load_map
    from weight_convert.keymaps.rules import MappedState
    from weight_convert.tensor import Tensor

    tensors = {key: Tensor.of(array) for key, array in arrays.items()}
    if fold_convs:
        work = MappedState(tensors)
        load_map("gold_yolo-deploy").apply(work)
        tensors = work.tensors
    else:
        tensors, _ = fold_repvgg(tensors, FINE.eps)
    return {key: tensor.values() for key, tensor in tensors.items()}


def seeded_state(variant: Variant, seed: int, table: StateTable) -> Arrays:
    """The weights of a comparison: drawn, or for a deployed form folded from drawn ones."""
    fold = config_of(variant.name).fold
    rows = [(entry.key, entry.shape) for entry in table]
    given = unfolded(rows, fold == "whole") if fold else rows
    prior = variant.options.get("class_prior", CLASS_PRIOR)
    drawn = {key: weight_rule(seed, key, shape, prior) for key, shape in given}
    if not fold:
        return drawn
    state = folded_state(drawn, fold == "whole")
    return {key: state[key] for key, _ in rows}


def unfolded(rows: list[_Row], fold_convs: bool) -> Iterator[_Row]:
    """The entries of the network that folds to these.

    A block has a branch of its own input where it keeps the number of channels: only then has it no stride.
    """
    for key, shape in rows:
        path, _, leaf = key.rpartition(".")
        if path.endswith(".rbr_reparam"):
            if leaf == "weight":
                yield from _branches(without_suffix(path, ".rbr_reparam"), shape)
        elif fold_convs and key.endswith(".conv.bias"):
            if path.endswith(".block.conv"):  # plain convolutions in the place of a block have one before
                yield key, shape
            yield from _norm(f"{without_suffix(path, '.conv')}.bn", shape)
        else:
            yield key, shape


def _branches(block: str, kernel: _Shape) -> Iterator[_Row]:
    out, given = kernel[:2]
    for name, size in (("rbr_dense", kernel), ("rbr_1x1", (out, given, 1, 1))):
        yield f"{block}.{name}.conv.weight", size
        yield from _norm(f"{block}.{name}.bn", (out,))
    if out == given:
        yield from _norm(f"{block}.rbr_identity", (out,))


def _norm(path: str, shape: _Shape) -> Iterator[_Row]:
    for name in ("weight", "bias", "running_mean", "running_var"):
        yield f"{path}.{name}", shape


def traced_outputs(header: Mapping[str, Any], variant: Variant) -> dict[str, str]:
    """Which outputs of a trace are those of a variant, by our names: one file holds both deployed forms."""
    fold = config_of(variant.name).fold
    of_this_size = variant.name.partition("_")[0] == header["variant"]
    return {RECORDED[fold]: "0"} if fold and of_this_size and header["case"] == "deploy" else {}


def traced_inputs(header: Mapping[str, Any]) -> Arrays:
    """The image of a trace that tells its shape instead of holding it: drawn from the seed."""
    shape = header.get("x_shape")
    if shape is None:
        return {}
    whole = isinstance(shape, list) and all(type(size) is int and 0 < size < _LONGEST for size in shape)
    if not whole or len(shape) != 4:
        raise BadInput(f"a trace tells of an image of the shape {str(shape)[:40]}, it should be four lengths")
    return {"x": np.floor(64 * seeded.tensor(int(header["seed"]), "x", tuple(shape))) / np.float32(64)}
