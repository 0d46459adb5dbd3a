"""Both sides over files of a user: outputs of each side, a verdict for each file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.errors import BadInput
from harness.evaluating.result import Evaluation
from harness.flows.evaluate_request import EvaluateRequest
from harness.flows.infer import folder_of, infer
from harness.progress import Silent

PAIR = "tests.unit.evaluating.judged_pair:SOUND"


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Two files with pictures of the small pair, and one that holds none."""
    for name, seed in (("one", 1), ("o n;e", 2)):
        values = np.random.default_rng(seed).standard_normal((3, 8, 8)).astype(np.float32)
        np.save(tmp_path / f"{name}.npy", values)
    (tmp_path / "broken.npy").write_bytes(b"nonsense")
    return [tmp_path / name for name in ("one.npy", "broken.npy", "o n;e.npy")]


@pytest.mark.torch
@pytest.mark.jittor
def test_every_file_has_its_outputs_and_its_verdict(paths: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    request = EvaluateRequest(PAIR, skip_broken=True, output=folder)
    found, kept = infer(request, paths, Silent())
    assert kept == folder
    assert Evaluation.load(folder) == found
    assert found.verdict == "aligned"
    assert {Path(row.name).name: row.status for row in found.samples} == {
        "one.npy": "aligned",
        "o n;e.npy": "aligned",
    }
    assert all(row.measured for row in found.samples if row.index == 0)
    assert [Path(one.name).name for one in found.broken] == ["broken.npy"]
    for place in ("000-one", "002-o_n_e"):
        outputs = [np.load(folder / place / f"{side}.npy") for side in ("torch", "jittor")]
        assert outputs[0].shape == (2, 8, 8)
        np.testing.assert_allclose(*outputs, rtol=1e-4, atol=1e-5)
        assert (folder / place / "torch-drawn.png").is_file()


def test_a_broken_file_is_refused_before_anything_runs(paths: list[Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"broken\.npy"):
        infer(EvaluateRequest(PAIR, output=tmp_path / "run"), paths, Silent(), {})
    assert not (tmp_path / "run").exists()


def test_a_pair_that_reads_no_files_says_so(paths: list[Path], tmp_path: Path) -> None:
    request = EvaluateRequest("tests.unit.evaluating.judged_pair:DRAWN", output=tmp_path / "run")
    with pytest.raises(BadInput, match="does not say how its files are read"):
        infer(request, paths, Silent(), {})


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("a/b.png", "007-b"),
        ("../..", "007-_"),
        ("/x/\N{SNOWMAN}.png", "007-_"),
        ("z" * 300, "007-" + "z" * 60),
    ],
)
def test_the_name_of_a_file_names_no_other_place(name: str, folder: str) -> None:
    assert folder_of(7, name) == folder
