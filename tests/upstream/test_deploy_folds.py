"""The deploy maps against what the upstream code itself folds, recorded with seeded weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from harness import seeded
from harness.pairs.gold_yolo.deployment import unfolded
from weight_convert.keymaps import load_map
from weight_convert.keymaps.rules import MappedState
from weight_convert.tensor import Tensor

SEED = 1
Table = list[list[Any]]


def gold_yolo_weight(key: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """The rule of Gold-YOLO's traces, for the entries that are folded."""
    power = 0
    if "rbr_" in key:
        power = 1
    elif "Inject_n" in key and ".global_" in key:
        power = 2
    elif ".mlp.fc2.bn." in key or ".attn.proj.1.bn." in key:
        power = 1
    factor = {"running_var": 4.0**power, "running_mean": 2.0**power}.get(key.rpartition(".")[2], 1.0)
    drawn = seeded.weight(SEED, key, shape)
    return drawn if factor == 1.0 else drawn * np.float32(factor)


def led_weight(key: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """The rule of LED's traces."""
    if ".align_weights." in key:
        return seeded.generator(SEED, key).uniform(0.5, 1.5, shape).astype(np.float32)
    return seeded.weight(SEED, key, shape)


def table(shared: Path, model: str) -> dict[str, Any]:
    """What is known of a model's state dicts."""
    found: dict[str, Any] = json.loads((shared / "specs" / f"{model}.state.json").read_text())
    return found


def folded(name: str, arrays: dict[str, NDArray[Any]]) -> MappedState:
    """The state after a deploy map."""
    work = MappedState({key: Tensor.of(array) for key, array in arrays.items()})
    load_map(name).apply(work)
    return work


def check_shapes(work: MappedState, wanted: Table) -> None:
    """Keys in order, shapes and kinds of number."""
    found = [[key, list(tensor.shape), tensor.dtype] for key, tensor in work.tensors.items()]
    assert found == wanted


def check_samples(tensor: Tensor, recorded: h5py.Group, tolerance: float) -> None:
    """Statistics and samples of one recorded tensor."""
    values = tensor.values().reshape(-1)
    assert list(tensor.shape) == list(recorded.attrs["shape"])
    scale = recorded.attrs["absmax"]
    np.testing.assert_allclose(
        values[recorded["index"][()]], recorded["value"][()], rtol=0, atol=tolerance * scale
    )
    np.testing.assert_allclose(
        np.linalg.norm(values.astype(np.float64)), recorded.attrs["l2"], rtol=tolerance
    )


def small(shape: tuple[int, ...]) -> NDArray[Any]:
    """Numbers that cost no memory."""
    return np.broadcast_to(np.float32(1), shape)


def test_gold_yolo_s_is_folded_as_upstream_folds_it(shared: Path) -> None:
    known = table(shared, "gold_yolo")["variants"]["s"]
    arrays = {key: gold_yolo_weight(key, tuple(shape)) for key, shape, _ in known["state"]}
    work = folded("gold_yolo-deploy", arrays)
    check_shapes(work, known["state_deploy"])
    with h5py.File(shared / "upstream/gold_yolo/s_deploy.h5") as file:
        assert len(file["params"]) == 79
        for key, recorded in file["params"].items():
            if key.endswith(("weight", "bias")):
                check_samples(work.tensors[key], recorded, 2e-6)
    assert {fold.kind for fold in work.folds} == {"repvgg", "conv_bn"}
    assert max(fold.error for fold in work.folds) < 1e-6


@pytest.mark.parametrize("variant", ["n", *(pytest.param(v, marks=pytest.mark.slow) for v in "ml")])
def test_gold_yolo_gets_upstreams_keys(shared: Path, variant: str) -> None:
    known = table(shared, "gold_yolo")["variants"][variant]
    arrays = {key: small(tuple(shape)) for key, shape, _ in known["state"]}
    for key, _, dtype in known["state"]:
        if dtype == "int64":
            arrays[key] = np.asarray(100)
    check_shapes(folded("gold_yolo-deploy", arrays), known["state_deploy"])


@pytest.mark.parametrize("variant", ["n", "s", "m", "l"])
@pytest.mark.parametrize(("form", "whole"), [("state_deploy_rep", False), ("state_deploy", True)])
def test_a_deployed_gold_yolo_tells_what_it_is_folded_from(
    shared: Path, variant: str, form: str, whole: bool
) -> None:
    known = table(shared, "gold_yolo")["variants"][variant]
    before, after = (
        {key: tuple(shape) for key, shape, dtype in known[name] if dtype != "int64"}
        for name in ("state", form)
    )
    assert dict(unfolded(list(after.items()), whole)) == before


def test_led_unet_is_folded_as_upstream_folds_it(shared: Path) -> None:
    models = table(shared, "led")["models"]
    arrays = {key: led_weight(key, tuple(shape)) for key, shape, _ in models["repnr_unet/finetune"]["keys"]}
    work = folded("led-deploy", arrays)
    check_shapes(work, models["repnr_unet/deployed"]["keys"])
    with h5py.File(shared / "upstream/led/repnr_unet__deployed.h5") as file:
        assert list(file["deployed"]) == sorted(work.tensors)
        for key, recorded in file["deployed"].items():
            check_samples(work.tensors[key], recorded, 2e-6)


@pytest.mark.parametrize(
    ("variant", "lost"), [("nafnet", ("beta", "gamma")), ("restormer", ("temperature",))]
)
def test_led_keeps_what_upstream_loses(shared: Path, variant: str, lost: tuple[str, ...]) -> None:
    models = table(shared, "led")["models"]
    arrays = {
        key: led_weight(key, tuple(shape)) for key, shape, _ in models[f"repnr_{variant}/finetune"]["keys"]
    }
    work = folded("led-deploy", arrays)
    upstream = [row[0] for row in models[f"repnr_{variant}/deployed"]["keys"]]
    added = [key for key in work.tensors if key not in upstream]
    assert [key for key in work.tensors if key in upstream] == upstream
    assert len(added) == (69 if variant == "restormer" else 0)
    assert all(key.endswith(".bias") for key in added)
    with h5py.File(shared / f"upstream/led/repnr_{variant}__deployed.h5") as file:
        recorded = json.loads(file["deployed_table"][()])
    kept = 0
    for key, (shape, mean, std, absmax, l2) in recorded.items():
        values = work.tensors[key].values().astype(np.float64)
        assert list(values.shape) == shape
        if key.rpartition(".")[2] in lost:
            np.testing.assert_array_equal(values, arrays[key])
            kept += 1
            continue
        found = [values.mean(), values.std(), np.abs(values).max(), np.linalg.norm(values)]
        np.testing.assert_allclose(found, [mean, std, absmax, l2], rtol=2e-6, atol=2e-6 * absmax)
    assert kept == {"nafnet": 36, "restormer": 15}[variant]
