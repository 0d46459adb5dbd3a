"""A mask by a threshold in the place of the largest; numpy decides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import Cause, DifferingLayer, ReferenceTensor, explain_given

Array = NDArray[Any]
LOGITS = np.random.default_rng(3).standard_normal((2, 3, 8, 9)).astype(np.float32)
RIGHT = (LOGITS.argmax(1) == 1).astype(np.int64)


def told(port: Array) -> Cause:
    recorded = (ReferenceTensor("layer:head#0:out", LOGITS.shape, lambda: LOGITS),)
    evidence = DifferingLayer("mul", RIGHT, port, floor=1e-5, operation=True, recorded=recorded)
    return explain_given(evidence, {})


@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_a_threshold_is_told(threshold: float) -> None:
    sentence = told((LOGITS[:, 1] > threshold).astype(np.int64)).sentence
    assert (
        "decided by a threshold: where number 1 along axis 1 of the reference's layer:head#0:out" in sentence
    )
    assert f"is above {threshold:g}, which the reference decides otherwise" in sentence


@pytest.mark.parametrize("threshold", [0.6, 0.25])
def test_a_threshold_of_the_probability_is_told(threshold: float) -> None:
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    sentence = told((shares[:, 1] > threshold).astype(np.int64)).sentence
    where = "where number 1 of a softmax over axis 1 of the reference's layer:head#0:out"
    assert f"{where} is above {threshold:g}," in sentence


def test_a_threshold_of_one_probability_is_told() -> None:
    score = LOGITS[:, 0]
    recorded = (ReferenceTensor("layer:score#0:out", score.shape, lambda: score),)
    port = (1 / (1 + np.exp(-score)) > 0.7).astype(np.int64)
    evidence = DifferingLayer("mul", RIGHT, port, floor=1e-5, operation=True, recorded=recorded)
    assert (
        "the sigmoid of the reference's layer:score#0:out is above 0.7"
        in explain_given(evidence, {}).sentence
    )


def test_another_mask_is_not_explained() -> None:
    other = (np.random.default_rng(4).random(RIGHT.shape) > 0.6).astype(np.int64)
    assert not told(other).found
    almost = (LOGITS[:, 1] > 0).astype(np.int64)
    almost[0, 0, :3] = 1 - almost[0, 0, :3]
    assert not told(almost).found


def test_few_places_of_many_are_evidence_and_few_of_few_are_not() -> None:
    rare = (LOGITS[:, 1] > 0.5).astype(np.int64)
    assert told(rare).found
    few = LOGITS[0, :, 0, 0]
    recorded = (ReferenceTensor("layer:head#0:out", few.shape, lambda: few),)
    port = (few > 0).astype(np.int64)
    assert not explain_given(DifferingLayer("mul", 1 - port, port, recorded=recorded), {}).sentence.count(
        "thres"
    )
