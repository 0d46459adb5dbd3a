"""Metrics, evaluation and learning rates of CPANet against the published code's figures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from harness import seeded
from harness.errors import BadInput
from harness.pairs.cpanet import metrics, recipe
from harness.pairs.cpanet.resizing import resize_bilinear
from tests import needs_shared
from tests.upstream import cpanet_truth as truth

IGNORED = metrics.IGNORED
PAIRS = truth.metrics_file()["pairs"] if truth.PRESENT else []
RATES = truth.metrics_file()["poly_lr"] if truth.PRESENT else []


def drawn(kind: str) -> tuple[Any, Any]:
    """Prediction and label of a recorded case."""
    shape = (40, 50)
    prediction = (seeded.tensor(1, f"cpanet/metrics/{kind}/pred", shape) < 0.3).astype(np.int64)
    label = (seeded.tensor(1, f"cpanet/metrics/{kind}/label", shape) < 0.2).astype(np.int64)
    if kind == "ignore":
        label[-5:], label[:, :3] = IGNORED, IGNORED
    if kind in ("absent_label", "absent_both"):
        label[:] = 0
    if kind == "absent_both":
        prediction[:] = 0
    if kind == "empty":
        label[:] = IGNORED
    if kind == "all_fg":
        prediction[:], label[:] = 1, 1
    return prediction, label


@needs_shared
@pytest.mark.parametrize("case", PAIRS, ids=[case["kind"] for case in PAIRS])
def test_areas(case: dict[str, Any]) -> None:
    prediction, label = drawn(case["kind"])
    before = prediction.copy()
    found = metrics.areas(prediction, label)
    for name in ("intersection", "union", "target"):
        assert getattr(found, name).tolist() == case[name]
    assert found.iou.tolist() == pytest.approx(case["iou"], rel=1e-15)
    assert found.accuracy.tolist() == pytest.approx(case["acc"], rel=1e-15)
    np.testing.assert_array_equal(prediction, before)


def episodes() -> list[metrics.EvaluationEpisode]:
    """The recorded evaluation's loader."""
    expected = truth.metrics_file()["validate"]
    found = []
    for n, (shape, position) in enumerate(
        zip(expected["label_shapes"], expected["class_index"], strict=True)
    ):
        label = (seeded.tensor(1, f"cpanet/val/{n}/label", (1, *shape)) < 0.35).astype(np.uint8)[0]
        found.append(metrics.EvaluationEpisode(n, label * (n != 4), position))
    return found


@needs_shared
def test_the_evaluation() -> None:
    expected, called = truth.metrics_file()["validate"], []

    def model(n: int) -> Any:
        called.append(n)
        return seeded.tensor(1, f"cpanet/val/{n}/logits", tuple(expected["logits_shape"]), "normal")[0]

    scores, log = metrics.validate(model, episodes())
    assert called == expected["model_calls"]
    assert scores.loss.mean == pytest.approx(expected["loss"], abs=2e-7)
    assert scores.fb_iou == pytest.approx(expected["fb_miou"], rel=1e-7)  # published in float32
    assert scores.mean_accuracy == pytest.approx(expected["mAcc"], rel=1e-7)  # published in float32
    assert scores.pooled.overall == pytest.approx(expected["allAcc"], rel=1e-7)  # published in float32
    assert scores.miou == pytest.approx(expected["class_miou"], rel=1e-7)  # published in float32
    assert log == [line.replace("Data T (T) Batch T (T) ", "") for line in expected["log"]]


@needs_shared
def test_the_last_episode_too_many_can_be_left_out() -> None:
    scores, _ = metrics.validate(lambda n: np.zeros((2, 24, 24), np.float32), episodes(), published=False)
    assert scores.episodes == 11


def test_an_evaluation_ends_after_ten_passes_over_an_empty_list() -> None:
    assert metrics.validate(lambda n: n, [])[0].episodes == 0


def test_a_class_counts_in_the_slot_of_its_predecessor() -> None:
    scores = metrics.Scores()
    scores.add(metrics.areas(np.ones((2, 2)), np.ones((2, 2))), 0, 0.0)
    assert scores.class_ious == pytest.approx([0, 0, 0, 1])
    assert scores.miou == pytest.approx(0.25)


def test_shapes_must_agree() -> None:
    with pytest.raises(BadInput, match=r"prediction of shape \(2, 2\) for a label of shape \(2, 3\)"):
        metrics.areas(np.zeros((2, 2)), np.zeros((2, 3)))


def test_resizing_against_scipy() -> None:
    import scipy.ndimage

    planes = seeded.tensor(0, "resize", (2, 7, 9)).astype(np.float64)
    wanted = [scipy.ndimage.zoom(plane, (16 / 7, 5 / 9), order=1, grid_mode=False) for plane in planes]
    np.testing.assert_allclose(resize_bilinear(planes, (16, 5)), wanted, atol=1e-12)
    np.testing.assert_array_equal(resize_bilinear(planes, (1, 1)), planes[:, :1, :1])


def test_cross_entropy_of_an_ignored_image_is_not_a_number() -> None:
    assert math.isnan(metrics.cross_entropy(np.zeros((2, 3, 3)), np.full((3, 3), IGNORED)))
    assert metrics.cross_entropy(np.zeros((2, 3, 3)), np.eye(3, dtype=int)) == pytest.approx(math.log(2))


def test_each_best_figure_has_an_epoch_of_its_own() -> None:
    best = metrics.BestEpochs()
    kept = [
        best.update(n, *found) for n, found in enumerate([(0.4, 0.7), (0.5, 0.6), (0.5, 0.8), (0.3, 0.7)])
    ]
    assert kept == [True, True, False, False]
    assert (best.miou, best.miou_epoch, best.fb_iou, best.fb_iou_epoch) == (0.5, 1, 0.8, 2)


def test_metrics_of_a_batch() -> None:
    logits = np.zeros((1, 2, 4, 4))
    logits[:, 1, :2] = 1
    label = np.zeros((1, 4, 4), np.int64)
    label[:, :1] = 1
    found = metrics.evaluate({"logits": logits}, {"y": label})
    assert found["IoU"] == pytest.approx(0.5)
    assert found["FB-IoU"] == pytest.approx((0.5 + 8 / 12) / 2)
    assert metrics.evaluate({"logits": np.zeros((1, 2, 4, 6))}, {"y": np.zeros((1, 6, 4))}) == {}


@needs_shared
@pytest.mark.parametrize("case", RATES)
def test_learning_rates(case: dict[str, Any]) -> None:
    warm_up = case["warmup_step"] if case["warmup"] else 0
    schedule = recipe.Poly(case["base"], case["max_iter"], warm_up=warm_up)
    rates = schedule.rates(case["iter"])
    assert rates[:5] == [case["lr_group0_4"]] * 5
    assert rates[5:] == [case["lr_group5_7"]] * 3


def test_an_iteration_outside_the_schedule() -> None:
    with pytest.raises(BadInput, match="iteration 0 of 10; the first is 1"):
        recipe.Poly(0.1, 10).rate(0)


def test_groups_of_parameters() -> None:
    names = ["layer0.0.weight", "cls.0.weight", "DP.cls.0.weight", "REF.g.0.bias", "down_supp.0.weight"]
    assert recipe.grouped(names) == [
        [], ["down_supp.0.weight"], ["REF.g.0.bias"], ["cls.0.weight"], [], [], ["DP.cls.0.weight"], [],
    ]  # fmt: skip
