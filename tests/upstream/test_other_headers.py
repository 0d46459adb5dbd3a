"""Traces whose headers say another value than the recorded ones do: the options that they name are met.

Each is a recorded file whose results are replaced by those of the reference, built and filled here by hand.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
import pytest
import torch

from harness import seeded
from harness.flows import compare
from harness.flows.comparison import Workers
from harness.flows.request import CompareRequest
from harness.pairs.cpanet.switches import switches
from harness.pairs.gold_yolo.config import CONFIGS
from harness.pairs.gold_yolo.data import weight_rule as detector_rule
from harness.pairs.led.pair import KEPT
from harness.pairs.led.weights import weight_rule as denoiser_rule
from harness.progress import Silent
from refs_torch import led
from refs_torch.cpanet.network import CPANet
from refs_torch.gold_yolo.network import GoldYolo
from tests import shared_folder
from tests.mutants.side_by_side import Port, lend_workers

FOLDER = shared_folder()
SEED = 1

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(FOLDER is None, reason="no folder ../shared with traces of the upstream code"),
]


def filled(model: Any, rule: Callable[[int, str, tuple[int, ...]], Any]) -> Any:
    """A network with weights by a rule, in evaluation."""
    drawn = {key: rule(SEED, key, tuple(value.shape)) for key, value in model.state_dict().items()}
    model.load_state_dict({key: torch.from_numpy(np.array(value)) for key, value in drawn.items()})
    return model.eval()


def camera(given: dict[str, Any]) -> dict[str, Any]:
    """The finetuned stage at a virtual camera."""
    model = led.build("any", network="unet", stage="finetune", kept=KEPT["unet"], camera=3)
    return {"outputs/0": filled(model, denoiser_rule)(given["lq"])}


def overlap(given: dict[str, Any]) -> dict[str, Any]:
    """The losses by another score of overlaps."""
    model = filled(GoldYolo(replace(CONFIGS["n"], iou_type="ciou")), detector_rule)
    model.detect.training = True
    losses = model.losses(model(given["x"]), given)
    return {f"loss/{name}": loss for name, loss in losses.items()}


def side(given: dict[str, Any]) -> dict[str, Any]:
    """The losses of targets that are shares of another side."""
    model = filled(GoldYolo(replace(CONFIGS["n"], ori_img_size=96)), detector_rule)
    model.detect.training = True
    losses = model.losses(model(given["x"]), given)
    return {f"loss/{name}": loss for name, loss in losses.items()}


def scale(given: dict[str, Any]) -> dict[str, Any]:
    """The logits where the last scale of a block is half of what is drawn."""

    def rule(seed: int, key: str, shape: tuple[int, ...]) -> Any:
        drawn = seeded.weight(seed, key, shape)
        return drawn * np.float32(0.5) if key.endswith("bn3.weight") else drawn

    model = filled(CPANet("resnet50", switches()), rule)
    return {"outputs/logits": model(given["x"], given["s_x"], given["s_y"])["logits"]}


def trace_of(file: str, key: str, value: Any, run: Callable[[Any], dict[str, Any]], path: Path) -> Path:
    """A recorded file with another value in its header, and the results that go with it."""
    assert FOLDER is not None
    shutil.copyfile(FOLDER / "upstream" / f"{file}.h5", path)
    with h5py.File(path, "r+") as whole:
        given = {name: torch.from_numpy(item[()]) for name, item in whole["inputs"].items()}
        with torch.no_grad():
            found = run(given)
        for group in set(whole) - {"inputs", "state"}:
            del whole[group]
        for address, tensor in found.items():
            whole[address] = tensor.numpy()
        whole.attrs[key] = value
    return path


@pytest.mark.parametrize(
    ("file", "key", "value", "run", "variant"),
    [
        ("led/repnr_unet__finetune", "camera_index", 3, camera, "repnr_unet_finetune[camera=3]"),
        pytest.param(
            *("gold_yolo/n_frozen_tal", "iou_type", "ciou", overlap, "n[iou_type=ciou]"),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("gold_yolo/n_frozen_tal", "ori_img_size", 96, side, "n[ori_img_size=96]"),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *("cpanet/resnet50_eval_1shot", "bn3_scale", 0.5, scale, "resnet50[bn3_scale=0.5]"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_trace_of_another_value_is_met_by_the_option_that_its_header_names(
    file: str, key: str, value: Any, run: Callable[[Any], dict[str, Any]], variant: str, tmp_path: Path
) -> None:
    trace = trace_of(file, key, value, run, tmp_path / "other.h5")
    request = CompareRequest(
        file.partition("/")[0], reference=str(trace), output=tmp_path / "run", device="cpu", keep="none"
    )
    with lend_workers("cpu", 300.0, Port) as workers:
        alignment = compare(request, Silent(), workers=cast(Workers, workers))
    assert [found.verdict for found in alignment.against_stored] == ["aligned", "aligned"]
    assert alignment.verdict == "aligned", alignment.sentence
    assert alignment.case["variant"] == variant
