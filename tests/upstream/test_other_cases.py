"""Traces of upstream cases that the variants do not begin with: what their headers tell decides what runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import cast

import h5py
import pytest

from harness.errors import BadInput
from harness.flows import compare, diff
from harness.flows.comparison import Workers
from harness.flows.request import CompareRequest
from harness.progress import Silent
from harness.verdict import NoisePolicy
from tests.mutants.side_by_side import Port, lend_workers
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


def deployed() -> Path:
    """The recorded runs of both deployed forms, in one file."""
    return file("").parent / "gold_yolo/s_deploy.h5"


@pytest.mark.slow
@pytest.mark.parametrize("variant", [None, "s_folded_blocks"])
def test_a_trace_of_deployed_runs_is_met_by_either_deployed_form(variant: str | None, tmp_path: Path) -> None:
    request = CompareRequest(
        "gold_yolo", variant, reference=str(deployed()), output=tmp_path / "run", device="cpu"
    )
    with lend_workers("cpu", 300.0, Port) as workers:
        alignment = compare(request, Silent(), workers=cast(Workers, workers))
    assert alignment.verdict == "aligned"
    assert alignment.case["variant"] == (variant or "s_deployed")
    assert [found.verdict for found in alignment.against_stored] == ["aligned", "aligned"]
    again = diff(deployed(), tmp_path / "run/traces/jittor.h5", NoisePolicy())
    assert (again.verdict, again.row("output:0").verdict.status) == ("aligned", "aligned")


def test_a_variant_that_the_trace_is_not_of_is_refused(tmp_path: Path) -> None:
    request = CompareRequest("gold_yolo", "n_deployed", reference=str(deployed()), output=tmp_path / "run")
    with pytest.raises(BadInput, match="this trace is of s_deployed, and --variant names n_deployed"):
        compare(request, Silent())
