"""What comes before and after the network of Gold-YOLO, against the published code: no framework needed."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from harness.pairs.gold_yolo import coco, letterbox, metrics, nms, schedule
from harness.pairs.gold_yolo.augment import Motion, moved_boxes
from harness.pairs.gold_yolo.letterbox import whole
from harness.pairs.gold_yolo.meter import PrecisionMeter
from tests import needs_shared
from tests.upstream import gold_yolo_truth as truth
from tests.upstream.recorded import Array

pytestmark = needs_shared


@pytest.mark.parametrize("case", ["agnostic", "classes", "eval", "infer", "max_det", "none"])
def test_non_max_suppression(case: str) -> None:
    how = nms.Suppression(**json.loads(truth.attributes("nms", case)["arguments"]))
    with h5py.File(truth.path("nms.h5")) as file:
        known = [file[case][str(place)][()] for place in range(2)]
    found = nms.non_max_suppression(truth.data("nms", "raw")[0], how)
    for mine, other in zip(found, known, strict=True):
        np.testing.assert_array_equal(mine, other)


def boxes() -> tuple[list[Array], list[Array]]:
    """Recorded detections and labels of each image."""
    expected = truth.recorded_json("metrics")
    detections = [np.array(rows, np.float64).reshape(-1, 6) for rows in expected["detections"]]
    return detections, [np.array(rows, np.float64).reshape(-1, 5) for rows in expected["labels"]]


def test_detections_that_find_a_label() -> None:
    found = [metrics.matched(*pair) for pair in zip(*boxes(), strict=True)]
    known = truth.recorded_json("metrics")["correct"]
    assert [correct.astype(int).tolist() for correct in found if len(correct)] == known


def test_precision_and_recall() -> None:
    known, found = truth.recorded_json("metrics"), metrics.class_precision(*boxes())
    np.testing.assert_allclose(found.average, known["ap_per_class"], atol=1e-10)
    assert found.classes.tolist() == known["classes"]
    assert found.best == known["best_f1_index"]
    np.testing.assert_allclose(found.precision, known["precision"], atol=1e-8)
    np.testing.assert_allclose(found.recall, known["recall"], atol=1e-8)
    assert found.map50 == pytest.approx(known["map50"], rel=1e-9)
    assert found.map50_95 == pytest.approx(known["map50_95"], rel=1e-9)


def test_the_coco_measure() -> None:
    pytest.importorskip("pycocotools", reason="pip install '.[data]'")
    detections, labels = boxes()
    expected = coco.as_annotations(labels, [(300, 320)] * len(labels), list("abcde"))
    found = coco.measure(expected, coco.results(dict(enumerate(detections))))
    assert found == pytest.approx(truth.recorded_json("metrics")["coco_stats"], abs=1e-12)


def test_an_evaluation_has_the_recorded_metrics() -> None:
    pytest.importorskip("pycocotools", reason="pip install '.[data]'")
    found, known = PrecisionMeter(), truth.recorded_json("metrics")
    for detections, labels in zip(*boxes(), strict=True):
        found.take([detections], [labels], [whole(300, 320)])
    names = ("AP", "AP50", "AP75", "AP small", "AP medium", "AP large")
    stats = dict(zip(names, known["coco_stats"][:6], strict=True))
    wanted = {
        "mAP50": known["map50"],
        "mAP50-95": known["map50_95"],
        "precision": np.mean(known["precision"]),
        "recall": np.mean(known["recall"]),
        **{name: value for name, value in stats.items() if value >= 0},
        "AR": known["coco_stats"][8],
    }
    assert found.figures() == pytest.approx(wanted, rel=1e-8)
    assert not found.empty()


@pytest.mark.parametrize("place", range(28))
def test_letterbox(place: int) -> None:
    case = truth.recorded_json("data")["letterbox"][place]
    frame = case["new_shape"] if isinstance(case["new_shape"], int) else tuple(case["new_shape"])
    height, width = case["hw"]
    whole = case.get("return_int", False)
    found = letterbox.fit((height, width), frame, case["auto"], case["scaleup"], whole)
    assert (list(found.outer), found.ratio, list(found.pad)) == (
        case["out_hw"],
        case["ratio"],
        case["pad_wh"],
    )


@pytest.mark.parametrize("place", range(3))
def test_rectangles(place: int) -> None:
    case = truth.recorded_json("data")["rect"][place]
    shapes = [(width, height) for width, height in case["wh"]]
    order, frames = letterbox.rectangles(shapes, case["img_size"], case["batch"], case["pad"], case["stride"])
    assert order == case["order"]
    assert [list(frame) for frame in frames] == case["batch_shapes_hw"]


@pytest.mark.parametrize("place", range(3))
def test_affine_motion(place: int) -> None:
    case = truth.recorded_json("data")["affine"][place]
    angle, scale, across, down, x, y = case["draws_angle_scale_shearx_sheary_tx_ty"]
    matrix = Motion(angle, scale, (across, down), (x, y)).matrix((1280, 1280), (640, 640))
    np.testing.assert_allclose(matrix, case["matrix"], atol=1e-9)
    found = moved_boxes(np.array(case["labels"]), matrix, scale, (640, 640))
    np.testing.assert_allclose(found, case["labels_after"], atol=1e-4)


@pytest.mark.parametrize("place", range(2))
def test_the_schedule(place: int) -> None:
    run = truth.recorded_json("schedule")["runs"][place]
    planned = schedule.Schedule(run["batch"], run["epochs"], run["steps_per_epoch"])
    assert planned.warmup == run["warmup_steps"]
    assert planned.scaled_lr == pytest.approx(run["lr0_scaled"], rel=1e-12)
    assert planned.scaled_decay == pytest.approx(run["weight_decay_scaled"], rel=1e-12)
    for epoch, step, done, accumulate, norms, weights, biases, momentum in run["rows"]:
        assert epoch * planned.steps + step == done
        found = planned.at(epoch, step)
        assert found.accumulate == accumulate
        assert (found.lr, found.lr, found.lr_bias, found.momentum) == pytest.approx(
            (norms, weights, biases, momentum), rel=1e-12, abs=1e-15
        )
    assert planned.optimizer_steps(len(run["first_optimizer_steps"])) == run["first_optimizer_steps"]


def test_how_often_the_optimiser_steps() -> None:
    run = truth.recorded_json("schedule")["runs"][0]
    planned = schedule.Schedule(run["batch"], run["epochs"], run["steps_per_epoch"])
    assert len(planned.optimizer_steps()) == run["optimizer_steps"]


def test_the_decay_of_the_average() -> None:
    known = truth.recorded_json("schedule")["ema_decay"]
    assert {key: schedule.ema_decay(int(key)) for key in known} == pytest.approx(known, rel=1e-12)
