"""Evaluations of a small pair: a sound port agrees on every sample, a wrong one is found where it is so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import seeded
from harness.errors import BadInput
from harness.evaluating.result import NAME, Evaluation
from harness.evaluating.unfinished import Unfinished
from harness.flows import see_samples
from harness.flows.evaluate import evaluate, resume
from harness.flows.evaluate_request import EvaluateRequest
from harness.pairs.base import DataRequest
from harness.progress import Silent
from harness.session import Worker
from harness.training.source import open_source
from tests import needs_shared
from tests.unit.evaluating.judged_pair import COUNT, WRONG
from tests.upstream import cpanet_truth, gold_yolo_truth, l2sknet_truth, led_truth
from weight_convert import State, read_state, write_state

PAIRS = "tests.unit.evaluating.judged_pair:"
SHAPES = {
    "conv.weight": (4, 3, 3, 3), "conv.bias": (4,), "norm.weight": (4,), "norm.bias": (4,),
    "norm.running_mean": (4,), "norm.running_var": (4,), "head.weight": (2, 4, 1, 1), "head.bias": (2,),
}  # fmt: skip

pytestmark = [pytest.mark.torch, pytest.mark.jittor]


def run(workers: dict[str, Worker], pair: str, folder: Path, **more: Any) -> Evaluation:
    """An evaluation, read back from its folder."""
    found, kept = evaluate(
        EvaluateRequest(PAIRS + pair, output=folder, **{"pictures": 0, **more}), Silent(), workers
    )
    assert kept == folder
    assert Evaluation.load(folder) == found
    return found


def checkpoint(path: Path, seed: int, **changes: float) -> str:
    """Weights of the network; `changes` are added to those of a name with _ for each dot."""
    arrays = {name: seeded.weight(seed, name, shape) for name, shape in SHAPES.items()}
    for name, change in changes.items():
        arrays[name.replace("_", ".", 1)] += np.float32(change)
    write_state(State.of({"norm.num_batches_tracked": np.array(0), **arrays}), path)
    return str(path)


@pytest.mark.parametrize("batch", [1, 5])
def test_a_sound_port_agrees_on_every_sample(workers: dict[str, Worker], batch: int, tmp_path: Path) -> None:
    found = run(workers, "SOUND", tmp_path / "run", batch=batch)
    assert found.verdict == "aligned"
    assert sorted(row.index for row in found.samples) == list(range(COUNT))
    assert {row.status for row in found.samples} == {"aligned"}
    assert any(row.measured for row in found.samples)
    assert not all(row.measured for row in found.samples)
    assert max(row.error for row in found.samples if row.error is not None) < 1e-5
    (metric,) = found.metrics
    assert metric.reference == pytest.approx(metric.port, rel=1e-5)
    assert metric.reference == pytest.approx(np.mean([row.reference for row in found.samples]))
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {
        NAME,
        "evaluation.md",
        "evaluation.html",
        "samples.csv",
    }


def test_a_batch_changes_no_figure(workers: dict[str, Worker], tmp_path: Path) -> None:
    one, other = (run(workers, "SOUND", tmp_path / str(batch), batch=batch) for batch in (1, 5))
    left, right = ({row.index: row.reference for row in found.samples} for found in (one, other))
    assert left == pytest.approx(right, rel=1e-5)


def test_a_wrong_port_is_found_on_the_samples_that_it_is_wrong_on(
    workers: dict[str, Worker], tmp_path: Path
) -> None:
    found = run(workers, "WRONG", tmp_path / "run", pictures=2)
    source = open_source(WRONG, DataRequest(WRONG.variant(None), "val"), 1, 0)
    hit = {index for index in range(COUNT) if source.read([index], 0)["image"].max() > 3}
    assert 0 < len(hit) < COUNT
    assert found.verdict == "diverged"
    assert {row.index for row in found.samples if row.status == "diverged"} == hit
    assert {row.index for row in found.samples[: len(hit)]} == hit
    drawn = {int(path.name[:6]) for path in (tmp_path / "run" / "pictures").glob("*-difference.png")}
    assert {row.index for row in found.samples[:2]} <= drawn
    assert len(drawn) == 4
    assert f"{len(hit)} of {COUNT} samples" in found.sentence


def test_metrics_that_show_nothing_are_refused_by_name(workers: dict[str, Worker], tmp_path: Path) -> None:
    found = run(workers, "EMPTY", tmp_path / "run")
    assert (found.verdict, found.exit_code) == ("inconclusive", 5)
    assert "on both sides no target is there" in found.sentence


def test_drawn_batches_are_judged_whole(workers: dict[str, Worker], tmp_path: Path) -> None:
    found = run(workers, "DRAWN", tmp_path / "run", batch=2, limit=6)
    assert found.verdict == "aligned"
    assert len(found.samples) == 6


def test_one_file_serves_both_sides(workers: dict[str, Worker], tmp_path: Path) -> None:
    weights = checkpoint(tmp_path / "w.safetensors", 3)
    found = run(workers, "SOUND", tmp_path / "run", weights=weights)
    assert found.verdict == "aligned"
    assert found.weights == {"torch": weights, "jittor": weights}
    assert found.metrics[0].reference != pytest.approx(
        run(workers, "SOUND", tmp_path / "seeded").metrics[0].reference
    )


@pytest.mark.parametrize(("change", "verdict", "churned"), [(0.0, "aligned", False), (1.0, "diverged", True)])
def test_two_trainings_are_judged_by_their_metrics(
    workers: dict[str, Worker], change: float, verdict: str, churned: bool, tmp_path: Path
) -> None:
    weights = checkpoint(tmp_path / "w.safetensors", 3)
    other = checkpoint(tmp_path / "o.pkl", 3, head_bias=change)
    found = run(workers, "SOUND", tmp_path / "run", weights=weights, port_weights=other)
    assert (found.policy, found.verdict) == ("metric", verdict)
    assert {row.status for row in found.samples} == {None}
    assert (found.churn == 1.0) is churned
    assert found.metrics[0].difference == pytest.approx(change, abs=1e-6)


def test_a_checkpoint_of_a_training_is_weights(workers: dict[str, Worker], tmp_path: Path) -> None:
    plain = checkpoint(tmp_path / "w.safetensors", 3)
    arrays = {f"state:{name}": array for name, array in read_state(Path(plain)).arrays.items()}
    arrays["optimizer:conv.weight.exp_avg"] = np.zeros((4, 3, 3, 3), np.float32)
    write_state(State.of(arrays), tmp_path / "torch.safetensors")
    one = run(workers, "SOUND", tmp_path / "one", weights=plain)
    other = run(workers, "SOUND", tmp_path / "other", weights=str(tmp_path / "torch.safetensors"))
    assert one.metrics == other.metrics
    arrays["ema:head.bias"] = arrays["state:head.bias"] + np.float32(2)
    write_state(State.of(arrays), tmp_path / "averaged.safetensors")
    averaged = run(workers, "SOUND", tmp_path / "averaged", weights=str(tmp_path / "averaged.safetensors"))
    assert averaged.metrics[0].reference == pytest.approx(one.metrics[0].reference + 2, rel=1e-5)


@pytest.mark.parametrize("batch", [1, 4])
def test_a_broken_sample_is_named_and_the_others_count(
    workers: dict[str, Worker], batch: int, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "broken").write_text("7")
    found = run(workers, "SOUND", tmp_path / "run", data=tmp_path / "data", batch=batch)
    assert [one.index for one in found.broken] == [7]
    assert len(found.samples) == COUNT - 1
    assert json.loads((tmp_path / "run" / NAME).read_text())["broken"][0]["why"] == "picture 7 is broken"


def test_a_missing_folder_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such folder"):
        run({}, "SOUND", tmp_path / "run", data=tmp_path / "nowhere")
    assert not (tmp_path / "run").exists()


class Stopping(Silent):
    """Interrupts an evaluation before a sample."""

    def event(self, side: str, kind: Any, **fields: Any) -> None:
        """Follow one event."""
        if str(fields.get("text", "")).startswith("sample 8 of"):
            raise KeyboardInterrupt


def test_an_evaluation_that_was_broken_off_goes_on(
    workers: dict[str, Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(see_samples, "_TELL", -1.0)
    monkeypatch.setattr(see_samples, "_KEEP", -1.0)
    whole = run(workers, "SOUND", tmp_path / "whole")
    request = EvaluateRequest(PAIRS + "SOUND", output=tmp_path / "run", pictures=0)
    with pytest.raises(KeyboardInterrupt):
        evaluate(request, Stopping(), workers)
    assert Unfinished.load(tmp_path / "run").next == 7
    assert not (tmp_path / "run" / NAME).exists()
    with pytest.raises(BadInput, match="Nothing that a file names is run"):
        resume(tmp_path / "run", Silent(), workers)
    found, folder = resume(tmp_path / "run", Silent(), workers, model=PAIRS + "SOUND")
    assert folder == tmp_path / "run"
    assert found.metrics == whole.metrics
    assert found.samples == whole.samples
    assert (found.verdict, found.sentence) == (whole.verdict, whole.sentence)
    with pytest.raises(BadInput, match="has come to its end"):
        resume(tmp_path / "run", Silent(), workers)


def metrics_of(workers: dict[str, Worker], pair: str, folder: Path) -> list[dict[str, float]]:
    """The metrics of each side for the predictions that upstream's were recorded of."""
    request = EvaluateRequest(f"tests.unit.evaluating.recorded_pair:{pair}", output=folder)
    found, _ = evaluate(request, Silent(), workers)
    assert {row.error for row in found.samples} == {0.0}
    return [{row.name: getattr(row, side) for row in found.metrics} for side in ("reference", "port")]


@needs_shared
def test_l2sknet_has_upstream_s_metrics_exactly(workers: dict[str, Worker], tmp_path: Path) -> None:
    told = l2sknet_truth.metrics_file()["accumulated_all"]
    wanted = {
        "mIoU": told["mIoU"]["mIoU"], "pixAcc": told["mIoU"]["pixAcc"], "F": told["TPFNFP"]["fscore"],
        "Pd": told["PD_FA"]["Pd"], "Fa": told["PD_FA"]["Fa"],
    }  # fmt: skip
    assert metrics_of(workers, "L2SKNET", tmp_path / "run") == [wanted, wanted]


@needs_shared
def test_cpanet_has_upstream_s_metrics(workers: dict[str, Worker], tmp_path: Path) -> None:
    told = cpanet_truth.metrics_file()["validate"]
    wanted = {"mIoU": told["class_miou"], "FB-IoU": told["fb_miou"], "mAcc": told["mAcc"]}
    for found in metrics_of(workers, "CPANET", tmp_path / "run"):
        assert found == pytest.approx(wanted, rel=1e-7)  # published in float32


@needs_shared
def test_gold_yolo_has_upstream_s_metrics(workers: dict[str, Worker], tmp_path: Path) -> None:
    known = gold_yolo_truth.recorded_json("metrics")
    wanted = {
        "mAP50": known["map50"],
        "mAP50-95": known["map50_95"],
        "precision": np.mean(known["precision"]),
        "recall": np.mean(known["recall"]),
    }
    for found in metrics_of(workers, "GOLD_YOLO", tmp_path / "run"):
        assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=1e-8)
        if "AP" in found:  # pycocotools is installed
            assert found["AP"] == pytest.approx(known["coco_stats"][0], abs=1e-12)


@needs_shared
def test_led_has_upstream_s_metrics(workers: dict[str, Worker], tmp_path: Path) -> None:
    known = led_truth.functions()["illum"]
    wanted = {name.upper(): np.mean(known[f"{name}_pt_crop2"]) for name in ("psnr", "ssim")}
    for found in metrics_of(workers, "LED", tmp_path / "run"):
        assert {name: found[name] for name in wanted} == pytest.approx(wanted, abs=1e-12)


def test_weights_of_another_model_are_refused(workers: dict[str, Worker], tmp_path: Path) -> None:
    """The last one: the failure ends both workers."""
    write_state(State.of({"stem.weight": np.ones((3, 3), np.float32)}), tmp_path / "w.safetensors")
    with pytest.raises(BadInput, match=r"do not fit the .* model"):
        run(workers, "SOUND", tmp_path / "run", weights=str(tmp_path / "w.safetensors"))
