"""The metrics against every number recorded of the published code, and the labelling against scipy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import seeded
from harness.pairs.l2sknet.metrics import Detection, FScore, PixelAccuracy, Roc, evaluate
from harness.pairs.l2sknet.regions import label, regions
from tests import needs_shared, shared_folder
from tests.upstream import l2sknet_truth as truth

SCENES: list[dict[str, Any]] = truth.metrics_file()["scenes"] if shared_folder() else []
Scene = tuple[NDArray[np.float32], NDArray[np.float32]]


def draw(scene: dict[str, Any]) -> Scene:
    """Prediction and mask of a recorded scene."""
    expected = truth.metrics_file()
    name = f"l2sknet/{expected['tag']}/{scene['index']}/noise"
    prediction = np.float32(scene["noise"]) * seeded.tensor(
        expected["seed"], name, tuple(scene["size"]), "uniform"
    )
    mask = np.zeros(scene["size"], dtype=np.float32)
    for top, left, bottom, right, value in scene["pred"]:
        prediction[top:bottom, left:right] = np.float32(value)
    for top, left, bottom, right, value in scene["mask"]:
        mask[top:bottom, left:right] = np.float32(value) / np.float32(255)
    for array, digest in ((prediction, scene["sha256_pred"]), (mask, scene["sha256_mask"])):
        assert hashlib.sha256(array.tobytes()).hexdigest() == digest
    return prediction, mask


def pixel_numbers(scenes: Iterable[Scene]) -> dict[str, float]:
    """What is recorded as mIoU."""
    metric = PixelAccuracy()
    for scene in scenes:
        metric.update(*scene)
    return {
        "total_correct": metric.correct,
        "total_label": metric.labelled,
        "total_inter": metric.intersection,
        "total_union": metric.union,
        "pixAcc": metric.pix_acc,
        "mIoU": metric.iou,
    }


def score_numbers(scenes: Iterable[Scene]) -> dict[str, float]:
    """What is recorded as TPFNFP."""
    metric = FScore()
    for scene in scenes:
        metric.update(*scene)
    return {
        "tp": metric.hits,
        "fp": metric.false_alarms,
        "fn": metric.misses,
        "miou": metric.iou,
        "prec": metric.precision,
        "recall": metric.recall,
        "fscore": metric.f_score,
    }


def detection_numbers(scenes: Iterable[Scene]) -> dict[str, Any]:
    """What is recorded as PD_FA."""
    metric = Detection()
    for scene in scenes:
        metric.update(*scene)
    counts = {
        "targets": metric.targets,
        "matched": metric.matched,
        "dismatch_pixel": metric.false_pixels,
        "all_pixel": metric.pixels,
    }
    try:
        return counts | {"Pd": metric.probability, "Fa": metric.false_alarm_rate}
    except ZeroDivisionError as problem:
        return counts | {"error": type(problem).__name__}


def roc_numbers(scenes: Iterable[Scene]) -> dict[str, Any]:
    """What is recorded as ROC."""
    coarse, fine = Roc(bins=10), Roc(bins=200)
    try:
        for scene in scenes:
            coarse.update(*scene)
            fine.update(*scene)
    except ValueError:
        return {"error": "AssertionError"}
    return {
        "bins": coarse.bins,
        "false_detect": coarse.false_hits.tolist(),
        "true_detect": coarse.true_hits.tolist(),
        "background_area": coarse.background,
        "target_nums": coarse.targets,
        "auc": coarse.area,
        "auc_bins200": fine.area,
    }


NUMBERS = {"mIoU": pixel_numbers, "TPFNFP": score_numbers, "PD_FA": detection_numbers, "ROC": roc_numbers}


@needs_shared
@pytest.mark.parametrize("scene", SCENES, ids=[f"{scene['index']} {scene['note']}" for scene in SCENES])
def test_every_scene_has_the_recorded_numbers(scene: dict[str, Any]) -> None:
    drawn = draw(scene)
    assert {name: numbers([drawn]) for name, numbers in NUMBERS.items()} == scene["result"]


@needs_shared
@pytest.mark.parametrize(("key", "only_roc"), [("accumulated_all", False), ("accumulated_roc_set", True)])
def test_the_scenes_together_have_the_recorded_numbers(key: str, only_roc: bool) -> None:
    drawn = [draw(scene) for scene in SCENES if scene["in_roc_set"] or not only_roc]
    expected = truth.metrics_file()[key]
    assert len(drawn) == (21 if only_roc else 24)
    assert {name: NUMBERS[name](drawn) for name in expected} == expected


def image_of(*rows: str) -> NDArray[np.bool_]:
    """A binary image drawn with # and blanks."""
    return np.array([[pixel == "#" for pixel in row] for row in rows])


SPIRAL = image_of(
    "#########",
    "        #",
    "####### #",
    "#     # #",
    "# ### # #",
    "# #   # #",
    "# ##### #",
    "#       #",
    "#########",
)


@pytest.mark.parametrize(
    "image",
    [
        SPIRAL,
        SPIRAL.T,
        SPIRAL[::-1],
        np.kron(SPIRAL, np.ones((5, 1), bool)),
        image_of("# #", " # ", "# #"),
        image_of("#   #", " # # ", "  #  "),
        image_of("  #", " # ", "# #"),
        np.zeros((4, 5), bool),
        np.ones((4, 5), bool),
        np.ones((1, 1), bool),
        *[
            np.random.default_rng(seed).random((37, 53)) < share
            for seed, share in enumerate((0.05, 0.2, 0.35, 0.6))
        ],
    ],
)
def test_regions_are_numbered_as_scipy_does(image: NDArray[np.bool_]) -> None:
    from scipy import ndimage

    wanted, count = ndimage.label(image, np.ones((3, 3)))
    found, number = label(image)
    assert number == count
    np.testing.assert_array_equal(found, wanted)
    for index, region in enumerate(regions(image), 1):
        assert region.area == (wanted == index).sum()
        centre = ndimage.center_of_mass(image, wanted, index)
        assert (region.row, region.column) == pytest.approx(centre)


def test_a_batch_is_evaluated_whole() -> None:
    mask = np.zeros((2, 1, 16, 16), np.float32)
    mask[0, 0, 2:5, 2:5] = 1
    mask[1, 0, 9:12, 9:12] = 1
    prediction = mask * np.float32(0.9)
    prediction[1, 0, 9:12, 9:12] = 0
    prediction[1, 0, 0, 0:2] = 0.8
    assert evaluate({"0": prediction}, {"mask": mask}) == pytest.approx(
        {"mIoU": 9 / 20, "pixAcc": 0.5, "F": 2 * 9 / (11 + 18), "Fa": 2 / 512, "Pd": 0.5}, abs=1e-7
    )


def test_pd_is_left_out_where_there_is_no_target() -> None:
    nothing = np.zeros((1, 1, 8, 8), np.float32)
    found = evaluate({"0": nothing + np.float32(0.2)}, {"mask": nothing})
    assert found == {"mIoU": 0.0, "pixAcc": 0.0, "F": 0.0, "Fa": 1.0}
