"""A reproducer stands alone: short scripts that run on their file of tensors and need nothing of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import reproduce
from harness.errors import BadInput

NORM: dict[str, Any] = {
    "name": "torch.nn.modules.batchnorm.BatchNorm2d",
    "module": True,
    "made": {"num_features": 3, "eps": 1e-5, "momentum": 0.1, "affine": True, "track_running_stats": True},
    "args": [{"tensor": "0"}],
    "kwargs": {},
}
RESIZE: dict[str, Any] = {
    "name": "torch.nn.functional.interpolate",
    "module": False,
    "args": [{"tensor": "0"}],
    "kwargs": {"size": [7, 7], "mode": "bilinear", "align_corners": False},
}


def tensors() -> dict[str, Any]:
    draw = np.random.default_rng(0).standard_normal((2, 3, 4, 4)).astype(np.float32)
    state = {"weight": 1, "bias": 0, "running_mean": 0, "running_var": 1}
    told: dict[str, Any] = {f"state:{name}": np.full(3, value, np.float32) for name, value in state.items()}
    told["state:num_batches_tracked"] = np.array(0)
    factor = np.float32(1 / np.sqrt(1 + 1e-5))
    return {"input:0": draw, **told, "reference": draw * factor, "port": draw * np.float32(0.5)}


@pytest.mark.parametrize("call", [NORM, RESIZE], ids=["module", "function"])
def test_scripts_are_short_and_need_nothing_of_ours(tmp_path: Path, call: dict[str, Any]) -> None:
    made = reproduce.write(tmp_path / "report", "layer:x#0:out", call, tensors(), {"eps": 1e-3}, "")
    assert [path.name for path in made] == ["tensors.npz", "reference.py", "port.py"]
    for path in made[1:]:
        text = path.read_text()
        compile(text, path.name, "exec")
        assert len(text.splitlines()) <= 40
        assert not {"harness", "ports_jittor", "refs_torch"} & set(text.replace(".", " ").split())


def test_the_port_has_its_own_attributes() -> None:
    assert "eps=0.001" in reproduce.jittor_script("", NORM, {"eps": 1e-3})
    assert "eps=1e-05" in reproduce.torch_script("", NORM)


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(BadInput, match="not an empty folder"):
        reproduce.write(tmp_path, "layer:x#0:out", NORM, {}, {}, "")


@pytest.mark.torch
def test_the_reference_script_repeats_what_was_recorded(tmp_path: Path) -> None:
    reproduce.write(tmp_path / "report", "layer:x#0:out", NORM, tensors(), {}, "")
    done = subprocess.run(
        [sys.executable, "reference.py"], cwd=tmp_path / "report", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second = (float(line.rpartition(" ")[2]) for line in done.stdout.splitlines())
    assert first < 1e-6 < 0.1 < second
