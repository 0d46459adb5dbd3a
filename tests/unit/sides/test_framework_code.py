"""What belongs to a framework and what to a model is told by the exact package."""

from __future__ import annotations

import pytest

from harness.sides.framework_code import JITTOR, TORCH


@pytest.mark.parametrize(
    "module", ["jittor", "jittor.nn", "jittor.attention", "jittor.modelsx", "ports_jittor.torchlike.norm"]
)
def test_jittors_own(module: str) -> None:
    assert module in JITTOR


@pytest.mark.parametrize(
    "module",
    ["jittor_own", "jittor_own.nn", "jittor.models", "jittor.models.squeezenet", "ports_jittor.led", "torch"],
)
def test_code_of_a_model_in_jittor(module: str) -> None:
    assert module not in JITTOR


@pytest.mark.parametrize("module", ["torch", "torch.nn.modules.conv", "torch.ao.nn.quantized"])
def test_torchs_own(module: str) -> None:
    assert module in TORCH


@pytest.mark.parametrize("module", ["torchvision.models.resnet", "torch_own", "torch_own.nn", "torchx.nn"])
def test_code_of_a_model_in_torch(module: str) -> None:
    assert module not in TORCH
