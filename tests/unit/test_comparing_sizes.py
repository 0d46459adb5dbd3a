"""How large the gradients are that stand in for one that is zero in theory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.comparing._sizes import GradientSizes
from harness.trace import Noise, Trace, TraceWriter

GRADIENTS = {
    "layer:stem#0:grad": [3.0, -4.0],
    "layer:attention#0:grad": [0.5, 0.5],
    "layer:attention/matmul.0#0:grad": [0.0, 0.0],
    "layer:attention/softmax.0#0:grad": [-8.0, 1.0],
    "layer:attention.key.convolution#0:grad": [0.0, 0.0],
    "layer:rest/matmul.0#0:grad": [0.0, 0.0],
    "grad:attention.key.convolution.weight": [0.0, 0.0],
    "grad:attention.value.weight": [16.0, 0.0],
    "grad:stem.weight": [1.0, 1.0],
    "grad:tail.weight": [1.0, 1.0],
    "grad:scale": [0.0],
}


@pytest.fixture
def sizes(tmp_path: Path) -> GradientSizes:
    with TraceWriter(tmp_path / "truth.h5", {}, compact=True) as writer:
        for address, values in GRADIENTS.items():
            writer.add(address, np.array(values))
        writer.add("state:running", np.zeros(3))
    return GradientSizes(Trace.open(tmp_path / "truth.h5"))


@pytest.mark.parametrize(
    ("address", "size", "why"),
    [
        ("layer:attention/matmul.0#0:grad", 8.0, "an operation in the same module"),
        ("layer:attention.key.convolution#0:grad", 8.0, "two modules further out"),
        ("layer:rest/matmul.0#0:grad", np.sqrt(32.5), "nothing around it: the operations' median"),
        ("grad:attention.key.convolution.weight", 16.0, "another parameter of the attention"),
        ("grad:scale", 1.0, "a parameter of the whole model: the parameters' median"),
        ("state:running", 0.0, "no gradient"),
    ],
)
def test_the_gradients_around_a_zero_one_tell_its_size(
    sizes: GradientSizes, address: str, size: float, why: str
) -> None:
    assert sizes.typical(address) == pytest.approx(size, rel=1e-12), why


def test_what_noise_makes_of_the_gradients_around_it_counts(tmp_path: Path) -> None:
    """Rounding may make gradients explode: what cancels is then as large as it makes them."""
    with TraceWriter(tmp_path / "truth.h5", {}, compact=True) as writer:
        for address, noise in (("grad:attention.key.weight", 0.0), ("grad:attention.value.weight", 50.0)):
            writer.add(address, np.full(4, float(noise > 0)))
            writer.set_noise(address, Noise(2 * noise, noise))
    sizes = GradientSizes(Trace.open(tmp_path / "truth.h5"))
    assert sizes.typical("grad:attention.key.weight") == 51.0
