"""An operand of a sum or product is solved for from what the port makes of it; numpy makes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import DifferingLayer
from harness.flows.operands import Operand, solved
from harness.trace import Trace, TraceWriter

Array = NDArray[Any]
RNG = np.random.default_rng(29)
WIDE = (RNG.random((2, 6, 5, 4)) + 0.5).astype(np.float32)
NARROW = (RNG.random((2, 6, 1, 1)) + 0.5).astype(np.float32)
OTHER = (RNG.random((2, 6, 1, 1)) + 0.5).astype(np.float32)


def operands(folder: Path, kind: str, ours: tuple[Array, Array], right: Array, port: Array) -> list[Operand]:
    with TraceWriter(folder / "reference.h5", {}) as writer:
        for place, given in enumerate(ours):
            writer.add(f"layer:m/{kind}.0#0:in.{place}", given, kind)
        writer.add(f"layer:m/{kind}.0#0:out", right, kind)
    with Trace.open(folder / "reference.h5") as reference:
        evidence = DifferingLayer("sub", right, port, floor=1e-5)
        return list(solved(reference, f"layer:m/{kind}.0#0:out", evidence))


@pytest.mark.parametrize(
    ("kind", "function"),
    [("add", np.add), ("sub", np.subtract), ("mul", np.multiply), ("div", np.divide)],
)
@pytest.mark.parametrize("place", [0, 1])
def test_the_other_operand_is_found(
    tmp_path: Path, kind: str, function: Callable[[Array, Array], Array], place: int
) -> None:
    ours, its = (pair[::-1] if place == 0 else pair for pair in ((WIDE, NARROW), (WIDE, OTHER)))
    found = operands(tmp_path, kind, ours, function(*ours), function(*its))
    address = f"layer:m/{kind}.0#0:in.{place}"
    (own,) = [one for one in found if one.address == address]
    np.testing.assert_allclose(own.evidence.port, OTHER, rtol=1e-5)
    np.testing.assert_array_equal(own.evidence.reference, NARROW)


def test_what_no_such_operand_makes_has_none(tmp_path: Path) -> None:
    noise = RNG.random(WIDE.shape).astype(np.float32)
    found = operands(tmp_path, "mul", (WIDE, NARROW), WIDE * NARROW, noise)
    assert [one.address for one in found] == ["layer:m/mul.0#0:in.0"]
    assert not operands(tmp_path, "matmul", (WIDE, NARROW), WIDE * NARROW, noise)


def test_a_factor_near_zero_gives_no_quotient(tmp_path: Path) -> None:
    signed = WIDE - WIDE.flat[0]
    assert not operands(tmp_path, "mul", (signed, signed), signed * signed, signed * 2)
