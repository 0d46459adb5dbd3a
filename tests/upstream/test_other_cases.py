"""Traces of upstream cases that the variants do not begin with: what their headers tell decides what runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import pytest

from harness.flows import compare
from harness.flows.request import CompareRequest
from harness.progress import Silent
from tests.upstream.led_truth import STEMS, file

pytestmark = [
    pytest.mark.torch,
    pytest.mark.jittor,
    pytest.mark.skipif(not STEMS, reason="no traces of the upstream code"),
]


def of_camera(camera: int, path: Path) -> Path:
    """The recorded run of the pre-training stage at another camera, from the same upstream file."""
    shutil.copyfile(file("repnr_unet__pretrain.h5"), path)
    with h5py.File(path, "r+") as whole:
        found = whole[f"outputs_by_index/{camera}"][()]
        for group in ("modules", "outputs", "outputs64", "outputs_by_index", "outputs_after_generalize"):
            del whole[group]
        whole["outputs/0"] = found
        whole.attrs["camera_index"] = camera
    return path


@pytest.mark.parametrize("camera", [0, 4])
def test_a_trace_of_another_camera_is_met_by_that_camera(camera: int, tmp_path: Path) -> None:
    trace = of_camera(camera, tmp_path / "camera.h5")
    request = CompareRequest("led", reference=str(trace), output=tmp_path / "run", layers="leaf", keep="none")
    alignment = compare(request, Silent())
    assert alignment.verdict == "aligned"
    assert alignment.case["variant"] == f"repnr_unet_pretrain[camera={camera}]"
