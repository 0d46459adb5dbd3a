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
