"""A map that is resized in two steps, or another one that is; torch resizes it."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from harness.diagnose import Cause, DifferingLayer, Producer, ReferenceTensor, explain_given

torch.manual_seed(5)
SMALL, OTHER = torch.randn(1, 3, 4, 5), torch.randn(1, 3, 8, 10)


def told(port: torch.Tensor, right: torch.Tensor, maker: str = "m/interpolate.0") -> Cause:
    producer = Producer(maker, {f"layer:{maker}#0:in.0": SMALL.numpy()})
    recorded = (ReferenceTensor("layer:other#0:out", tuple(OTHER.shape), OTHER.numpy),)
    evidence = DifferingLayer(
        "cat", right.numpy(), port.numpy(), floor=1e-4, recorded=recorded, producer=producer, operation=True
    )
    return explain_given(evidence, {})


def resized(tensor: torch.Tensor, factor: float, **how: object) -> torch.Tensor:
    return functional.interpolate(tensor, scale_factor=factor, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(("aligned", "words"), [(True, "with corners"), (False, "without aligned")])
def test_two_steps_for_one(aligned: bool, words: str) -> None:
    right = resized(SMALL, 4, mode="bilinear", align_corners=aligned)
    twice = resized(SMALL, 2, mode="bilinear", align_corners=aligned)
    port = resized(twice, 2, mode="bilinear", align_corners=aligned)
    sentence = told(port, right).sentence
    assert f"resized twice (linear, {words}" in sentence
    assert "in two steps by way of the size 8x10, not once" in sentence


def test_another_map_is_resized() -> None:
    right = resized(SMALL, 4, mode="bilinear", align_corners=True)
    port = resized(OTHER, 2, mode="bilinear", align_corners=True)
    assert (
        "layer:other#0:out resized (linear, with corners aligned): another map is"
        in told(port, right).sentence
    )
    behind_others = told(port, right, "m/conv").sentence
    assert "layer:other#0:out, resized (interpolated) linearly (bilinear), its corners" in behind_others


def test_what_nothing_resized_gives_is_not_explained() -> None:
    assert not told(torch.randn(1, 3, 16, 20), resized(SMALL, 4, mode="nearest")).found
