"""Metrics of a split: those of the pair, over all batches, however the split is cut into them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import pairs
from harness.errors import HarnessError
from harness.pairs.base import Arrays
from harness.training.metrics import SplitMetrics, meter
from tests.unit.training import number_pair

RNG = np.random.default_rng(0)
COUNT = 12


def l2sknet() -> tuple[Arrays, Arrays]:
    """Probabilities that are often right, and masks."""
    masks = (RNG.random((COUNT, 1, 16, 16)) < 0.1).astype(np.float32)
    return {"out": np.clip(masks * 0.6 + 0.45 * RNG.random(masks.shape), 0, 1).astype(np.float32)}, {
        "mask": masks
    }


def cpanet() -> tuple[Arrays, Arrays]:
    """Logits and labels, some ignored."""
    label = (RNG.random((COUNT, 8, 8)) < 0.3).astype(np.int64)
    label[:, -1] = 255
    logits = RNG.standard_normal((COUNT, 2, 8, 8)).astype(np.float32)
    return {"logits": logits}, {"y": label, "position": np.arange(COUNT) % 4}


def led() -> tuple[Arrays, Arrays]:
    """Images and noisy ones."""
    clean = RNG.random((COUNT, 4, 20, 20)).astype(np.float32)
    return {"out": clean + 0.05 * RNG.standard_normal(clean.shape).astype(np.float32)}, {"gt": clean}


def figures(name: str, outputs: Arrays, inputs: Arrays, size: int) -> tuple[dict[str, float], list[float]]:
    """The metrics with a split that is cut into batches of a size."""
    pair = pairs.find(name)
    found = SplitMetrics(pair, pair.variant(None), "torch")
    for start in range(0, COUNT, size):
        cut = slice(start, start + size)
        found.add(*({key: array[cut] for key, array in arrays.items()} for arrays in (outputs, inputs)))
    return found.figures(), found.samples


@pytest.mark.parametrize("name", ["l2sknet", "cpanet", "led"])
def test_the_cut_into_batches_changes_nothing(name: str) -> None:
    outputs, inputs = {"l2sknet": l2sknet, "cpanet": cpanet, "led": led}[name]()
    whole, samples = figures(name, outputs, inputs, COUNT)
    assert len(samples) == COUNT
    for size in (1, 5):
        cut, again = figures(name, outputs, inputs, size)
        assert cut == pytest.approx(whole)
        assert again == pytest.approx(samples)


def test_the_union_over_all_scenes_and_of_each() -> None:
    outputs, inputs = l2sknet()
    found, samples = figures("l2sknet", outputs, inputs, 4)
    hit, wanted = outputs["out"] > 0.5, inputs["mask"] == 1
    each = (hit & wanted).sum((1, 2, 3)) / (hit | wanted).sum((1, 2, 3))
    assert samples == pytest.approx(list(each))
    assert found["mIoU"] == pytest.approx((hit & wanted).sum() / (hit | wanted).sum())
    assert next(iter(found)) == "mIoU"


def test_the_class_means_of_episodes() -> None:
    outputs, inputs = cpanet()
    found, samples = figures("cpanet", outputs, inputs, 3)
    hit, kept = outputs["logits"].argmax(1) == 1, inputs["y"] != 255
    wanted = inputs["y"] == 1
    both, either = (hit & wanted & kept), ((hit | wanted) & kept)
    assert samples == pytest.approx(list(both.sum((1, 2)) / either.sum((1, 2))))
    by_class = [both[inputs["position"] == n].sum() / either[inputs["position"] == n].sum() for n in range(4)]
    assert found["mIoU"] == pytest.approx(np.mean(by_class))


def detections(shift: float) -> tuple[Arrays, Arrays]:
    """One object an image of 64 pixels, found with a shift of its box, and a less sure wrong one."""
    targets = np.array([[n, n % 3, 0.5, 0.5, 0.25, 0.25] for n in range(COUNT)], np.float32)
    rows = np.zeros((COUNT, 2, 5 + 80), np.float32)
    rows[:, 0, :5] = [32 + shift, 32, 16, 16, 0.9]
    rows[:, 1, :5] = [8, 8, 6, 6, 0.4]
    for n in range(COUNT):
        rows[n, :, 5 + n % 3] = 1
    return {"0": rows}, {"x": np.zeros((COUNT, 3, 64, 64), np.float32), "targets": targets}


def test_detections_in_place_are_found_and_shifted_ones_by_the_overlap() -> None:
    pair = pairs.find("gold_yolo")
    for shift, at_half, low, high in ((0.0, 1.0, 0.99, 1.0), (5.0, 1.0, 0.05, 0.15), (12.0, 0.0, 0.0, 0.0)):
        found = SplitMetrics(pair, pair.variant(None), "torch")
        found.add(*detections(shift))
        # the surest detection of each image overlaps by (16 - shift) / (16 + shift)
        assert found.figures()["mAP50"] == pytest.approx(at_half, abs=0.01)
        assert low <= found.figures()["mAP50-95"] <= high
        assert found.samples == [at_half] * COUNT


def test_a_pair_with_metrics_alone_has_them_averaged_by_samples() -> None:
    pair = replace(
        number_pair.PAIR, metrics=lambda outputs, inputs: {"mean": float(outputs["x"].mean()), "two": 2.0}
    )
    found = SplitMetrics(pair, pair.variant(None), "torch")
    for values in ([1.0, 2.0, 3.0], [10.0]):
        found.add({"x": np.array(values)}, {"x": np.zeros(len(values))})
    assert found.figures() == {"mean": pytest.approx(4.0), "two": pytest.approx(2.0)}
    assert found.samples == [1.0, 2.0, 3.0, 10.0]


def test_a_batch_that_cannot_be_taken_apart_gives_its_samples_the_same_figure() -> None:
    pair = replace(number_pair.PAIR, metrics=lambda outputs, inputs: {"mean": float(outputs["x"].mean())})
    found = SplitMetrics(pair, pair.variant(None), "torch")
    found.add({"x": np.array([1.0, 3.0])}, {"rows": np.zeros((5, 6))})
    assert found.samples == [2.0, 2.0]


def test_a_pair_without_metrics_has_none() -> None:
    pair = number_pair.PAIR
    assert meter(pair, pair.variant(None)) is None
    found = SplitMetrics(pair, pair.variant(None), "torch")
    found.add({"x": np.zeros(2)}, {})
    assert found.figures() == {}


def test_what_a_pairs_metrics_raise_is_reported_with_the_side() -> None:
    def fails(outputs: Arrays, inputs: Arrays) -> dict[str, float]:
        raise ZeroDivisionError("two\nlines")

    pair = replace(number_pair.PAIR, metrics=fails)
    found = SplitMetrics(pair, pair.variant(None), "jittor")
    with pytest.raises(HarnessError, match=r"^the metrics of numbers .* the jittor side.*two lines$"):
        found.add({"x": np.zeros(2)}, {"x": np.zeros(2)})
