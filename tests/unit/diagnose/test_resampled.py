"""A map that is pooled, resized or padded on its way; torch does it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional

from harness.diagnose import Cause, DifferingLayer, Producer, ReferenceTensor, explain_given

torch.manual_seed(7)
MAP, OTHER = torch.randn(2, 3, 9, 12), torch.randn(2, 3, 18, 24)
BLUR = torch.tensor([1.0, 2.0, 1.0])
KERNEL = (BLUR[:, None] * BLUR / 16).expand(3, 1, 3, 3)

Change = Callable[[torch.Tensor], torch.Tensor]


def told(port: torch.Tensor, right: torch.Tensor = MAP, maker: str = "m/relu.0") -> Cause:
    recorded = (ReferenceTensor("layer:other#0:out", tuple(OTHER.shape), OTHER.numpy),)
    floor = 3e-6 * float(right.norm())
    producer = Producer(maker, {f"layer:{maker}#0:in.0": OTHER.numpy()})
    evidence = DifferingLayer(
        "Conv2d", right.numpy(), port.numpy(), floor=floor, recorded=recorded, producer=producer
    )
    return explain_given(evidence, {})


CASES: dict[str, Change] = {
    "averaged over windows of 3 (kernel_size 3, stride 3)": lambda x: functional.avg_pool2d(x, 3),
    "averaged over windows of 3 (kernel_size 3, stride 2, padding 1), the zeros around counted": (
        lambda x: functional.avg_pool2d(x, 3, 2, 1)
    ),
    "averaged over windows of 3 (kernel_size 3, stride 2, padding 1), as": (
        lambda x: functional.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
    ),
    "averaged over windows of 2 (kernel_size 2, stride 2)": (
        lambda x: functional.avg_pool2d(x, 2, ceil_mode=True)
    ),
    "averaged over windows of 5 (kernel_size 5, stride 1, padding 2), the zeros around counted": (
        lambda x: functional.avg_pool2d(x, 5, 1, 2)
    ),
    "the largest (max pooling) of windows of 3 (kernel_size 3, stride 1, padding 1)": (
        lambda x: functional.max_pool2d(x, 3, 1, 1)
    ),
    "the largest (max pooling) of windows of 2 (kernel_size 2, stride 2)": lambda x: functional.max_pool2d(
        x, 2
    ),
    "the smallest (min pooling) of windows of 3 (kernel_size 3, stride 1, padding 1)": (
        lambda x: -functional.max_pool2d(-x, 3, 1, 1)
    ),
    "averaged over windows of their own (adaptive)": lambda x: functional.adaptive_avg_pool2d(x, (5, 7)),
    "summed over windows of 3 (kernel_size 3, stride 3)": lambda x: 9 * functional.avg_pool2d(x, 3),
    "linearly (bilinear), its corners aligned": (
        lambda x: functional.interpolate(x, (20, 31), mode="bilinear", align_corners=True)
    ),
    "linearly (bilinear), by the centres": (
        lambda x: functional.interpolate(x, (20, 31), mode="bilinear", align_corners=False)
    ),
    "cubic curves (bicubic), by the centres": (
        lambda x: functional.interpolate(x, (20, 31), mode="bicubic", align_corners=False)
    ),
    "cubic curves (bicubic), its corners aligned": (
        lambda x: functional.interpolate(x, (20, 31), mode="bicubic", align_corners=True)
    ),
    "the nearest taken (mode nearest), places rounded down": (
        lambda x: functional.interpolate(x, (18, 24), mode="nearest")
    ),
    "the nearest taken (mode nearest), by the centres": (
        lambda x: functional.interpolate(x, (13, 17), mode="nearest-exact")
    ),
    "linearly (bilinear), antialiased": (
        lambda x: functional.interpolate(x, (5, 7), mode="bilinear", antialias=True)
    ),
    "padded on both sides, reflected (mode reflect)": lambda x: functional.pad(x, (2, 2, 1, 1), "reflect"),
    "padded behind, repeated from the edge (mode replicate)": (
        lambda x: functional.pad(x, (0, 3, 0, 2), "replicate")
    ),
    "padded on both sides, taken from the other side (mode circular)": (
        lambda x: functional.pad(x, (1, 1, 1, 1), "circular")
    ),
    "blurred with the weights 1, 2, 1, at the border zeros, every 1 places": (
        lambda x: functional.conv2d(x, KERNEL, padding=1, groups=3)
    ),
    "blurred with the weights 1, 2, 1, at the border reflected (mode reflect), every 2 places": (
        lambda x: functional.conv2d(functional.pad(x, (1, 1, 1, 1), "reflect"), KERNEL, None, 2, groups=3)
    ),
}


@pytest.mark.parametrize("words", CASES)
def test_how_the_right_tensor_is_resampled_is_told(words: str) -> None:
    sentence = told(CASES[words](MAP)).sentence
    assert sentence.startswith("what the port's layer is given is the reference's input, ")
    assert words in sentence


def test_a_part_of_the_axes_alone_may_be_resampled() -> None:
    port = functional.max_pool2d(MAP, (1, 3))
    assert "the largest (max pooling) of windows of 3" in told(port).sentence
    lines = MAP.flatten(2)
    pooled = functional.avg_pool1d(lines, 4)
    assert "averaged over windows of 4 (kernel_size 4, stride 4)" in told(pooled, lines).sentence


def test_another_map_is_resampled_or_what_the_maker_is_given() -> None:
    port = functional.interpolate(OTHER, (31, 40), mode="bilinear", align_corners=False)
    sentence = told(port).sentence
    assert "the reference's layer:m/relu.0#0:in.0, resized (interpolated) linearly (bilinear), by" in sentence
    sentence = told(port, maker="m/conv2d.0").sentence
    assert "resized (interpolated) linearly (bilinear), by the centres" in sentence


def test_what_a_resizing_makes_otherwise_is_left_to_itself_at_first() -> None:
    evidence = DifferingLayer(
        "Conv2d",
        MAP.numpy(),
        functional.interpolate(OTHER, (31, 40), mode="bicubic").numpy(),
        floor=1e-4,
        producer=Producer("m/interpolate.0", {"layer:m/interpolate.0#0:in.0": OTHER.numpy()}),
    )
    assert not explain_given(evidence, {}).found


@pytest.mark.parametrize("shape", [(2, 3, 9, 12), (2, 3, 4, 6), (2, 3, 3, 4), (2, 3, 18, 24), (2, 3, 11, 14)])
def test_no_rule_makes_noise(shape: tuple[int, ...]) -> None:
    assert not told(torch.randn(shape)).found


def test_a_map_that_is_the_same_everywhere_tells_no_rule() -> None:
    flat = torch.randn(2, 3, 1, 1).expand(2, 3, 9, 12).contiguous()
    assert "pool" not in told(functional.avg_pool2d(flat, 3), flat).sentence
