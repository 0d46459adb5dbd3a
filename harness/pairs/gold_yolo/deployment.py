"""The state of the deployed network, by the folds that `convert-weights --deploy` uses."""

from __future__ import annotations

from harness.pairs.base import Arrays
from harness.pairs.gold_yolo.config import FINE


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
