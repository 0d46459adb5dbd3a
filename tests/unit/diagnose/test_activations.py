"""Another activation is told by what it makes of the layer's input; torch makes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional

from harness.diagnose import DifferingLayer, explain_forward

torch.manual_seed(3)
GIVEN = 3 * torch.randn(2, 4, 5, 6)
OTHERS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "Mish": functional.mish,
    "SELU": functional.selu,
    "softsign": functional.softsign,
    "hard tanh": functional.hardtanh,
    "the logarithm of the sigmoid": functional.logsigmoid,
    "the squared ReLU": lambda x: functional.relu(x).square(),
    "hard sigmoid with slope 0.2": lambda x: (0.2 * x + 0.5).clamp(0, 1),
    "the sigmoid form of GELU": lambda x: x * torch.sigmoid(1.702 * x),
    "LeakyReLU with slope 0.25": lambda x: functional.leaky_relu(x, 0.25),
    "LeakyReLU with slope 0.1": lambda x: functional.leaky_relu(x, 0.1),
}


@pytest.mark.parametrize("words", OTHERS)
def test_another_activation_is_told(words: str) -> None:
    right, port = functional.silu(GIVEN).numpy(), OTHERS[words](GIVEN).numpy()
    for kind, inputs in (("SiLU", (GIVEN.numpy(),)), ("Conv2d", ())):
        base = right if kind == "SiLU" else GIVEN.numpy()
        evidence = DifferingLayer(kind, base, port, inputs=inputs, floor=1e-4)
        sentence = explain_forward(evidence, lambda trials: [None for _ in trials]).sentence
        assert f"equals {words}" in sentence
        assert ("of the reference's output" in sentence) is (kind == "Conv2d")


def test_no_activation_makes_noise() -> None:
    noise = torch.randn(2, 4, 5, 6).numpy()
    evidence = DifferingLayer(
        "SiLU", functional.silu(GIVEN).numpy(), noise, inputs=(GIVEN.numpy(),), floor=1e-4
    )
    assert not explain_forward(evidence, lambda trials: [None for _ in trials]).found
