from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np
import pytest

from ports_jittor.torchlike import _kernels, _together
from tests.unit.torchlike.compare import distance, drawn

SHAPES = ((3, 2), (1, 5), (4, 4), (2, 1))


def both(number: Any, operands: list[Any]) -> list[Any]:
    """Every kind of arithmetic that a term has."""
    value, other = operands
    return [(value * value + other * other).sqrt() / number(3.0), value - other * number(0.25)]


def rows_of(count: int, dtype: str = "float32") -> list[list[np.ndarray]]:
    """Operands of different shapes."""
    return [
        [drawn(f"{name}{at}", *SHAPES[at % len(SHAPES)]).astype(dtype) for name in "vo"]
        for at in range(count)
    ]


@pytest.mark.parametrize("count", [1, _together.TOGETHER, _together.TOGETHER * 2 + 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_row_has_the_formulas_results(count: int, dtype: str) -> None:
    rows = rows_of(count, dtype)
    make = jt.array64 if dtype == "float64" else jt.array
    found = _together.compute(both, [[make(one) for one in row] for row in rows])
    assert len(found) == count
    for (value, other), results in zip(rows, found, strict=True):
        value, other = value.astype(np.float64), other.astype(np.float64)
        wanted = [np.sqrt(value**2 + other**2) / 3, value - other / 4]
        for one, right in zip(results, wanted, strict=True):
            assert str(one.dtype) == dtype
            assert distance(one.numpy(), right) < (1e-15 if dtype == "float64" else 1e-6)


def test_large_tensors_go_to_several_threads() -> None:
    value = drawn("large", 3, 1 << 17)
    found = _together.compute(both, [[jt.array(value), jt.array(value)]] * _together.TOGETHER)
    for first, second in found:
        assert distance(first.numpy(), np.sqrt(2 * value.astype(np.float64) ** 2) / 3) < 1e-6
        assert distance(second.numpy(), value * 0.75) < 1e-6


def test_what_no_kernel_serves_is_computed_by_jittors_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [[jt.array(one) for one in row] for row in rows_of(_together.TOGETHER)]
    joined = [[one.numpy() for one in row] for row in _together.compute(both, rows)]
    monkeypatch.setattr(_kernels, "native", lambda _: False)
    alone = [[one.numpy() for one in row] for row in _together.compute(both, rows)]
    for one, other in zip(joined, alone, strict=True):
        assert all(distance(a, b) < 1e-7 for a, b in zip(one, other, strict=True))


def test_another_number_needs_no_other_kernel() -> None:
    asked: list[dict[str, Any]] = []
    row = [jt.array(one) for one in rows_of(1)[0]]
    real = jt.code
    try:
        jt.code = lambda *words, **named: asked.append(named) or real(*words, **named)
        for factor in (0.5, 0.25):
            ((found,),) = _together.compute(lambda number, v, f=factor: [v[0] * number(f)], [row])
            assert distance(found.numpy(), row[0].numpy() * factor) < 1e-7
    finally:
        jt.code = real
    assert asked[0]["cpu_src"] == asked[1]["cpu_src"]
    assert asked[0]["data"] != asked[1]["data"]
