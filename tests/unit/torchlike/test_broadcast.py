from __future__ import annotations

import jittor as jt
import numpy as np
import pytest

from ports_jittor.torchlike.broadcast import multiply
from tests.unit.torchlike.compare import agree, drawn


@pytest.mark.parametrize("factor", [(2, 3, 1, 1), (1, 3, 1, 1), (2, 1, 5, 1), (2, 3, 5, 4)], ids=str)
def test_a_product_is_torchs_whatever_is_broadcast(factor: tuple[int, ...]) -> None:
    agree(lambda a, b: a * b, multiply, drawn("a", *factor), drawn("b", 2, 3, 5, 4))


def test_the_gradient_of_a_factor_does_not_drift() -> None:
    factor, ones = jt.ones((1, 1, 1, 1)), jt.full((1, 1, 2048, 2048), 0.1)
    gradient = jt.grad(multiply(factor, ones).sum(), factor).numpy().item()
    assert gradient == pytest.approx(2048**2 * float(np.float32(0.1)), rel=1e-7)


def test_without_a_wanted_gradient_it_is_a_plain_product() -> None:
    with jt.no_grad():
        product = multiply(jt.array([[2.0], [3.0]]), jt.ones((2, 3)))
    assert product.numpy().tolist() == [[2.0] * 3, [3.0] * 3]
