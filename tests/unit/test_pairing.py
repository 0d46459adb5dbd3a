"""Operations whose operands come in another order: free in a sum, a fault in a concatenation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import comparing
from harness.alignment import Alignment
from harness.trace import Trace, TraceWriter

Array = NDArray[np.float32]
Parts = dict[str, Array]

LEFT: Array = np.linspace(1, 2, 32, dtype=np.float32).reshape(1, 4, 2, 4)
RIGHT = LEFT[:, ::-1].copy()
NARROW = LEFT[:, :2].copy()


def write(path: Path, name: str, parts: Parts, order: list[str], result: Array) -> Trace:
    with TraceWriter(path, {}) as writer:
        for part, array in parts.items():
            writer.add(f"layer:{part}#0:out", array, "Conv2d")
        for place, part in enumerate(order):
            writer.alias(f"layer:(model)/{name}.0#0:in.{place}", f"layer:{part}#0:out", name)
        writer.add(f"layer:(model)/{name}.0#0:out", result, name)
    return Trace.open(path)


def compared(folder: Path, name: str, parts: Parts, order: list[str], made: list[Array]) -> Alignment:
    ours = write(folder / "reference.h5", name, parts, ["a", "b"], made[0])
    its = write(folder / "port.h5", name, parts, order, made[1])
    return comparing.compare(ours, its, names=("torch", "jittor"))


@pytest.mark.parametrize("name", ["add", "mul", "maximum", "minimum"])
def test_the_operands_of_a_sum_may_come_in_any_order(tmp_path: Path, name: str) -> None:
    found = compared(tmp_path, name, {"a": LEFT, "b": RIGHT}, ["b", "a"], [LEFT, LEFT])
    assert found.verdict == "aligned"
    row = found.row(f"layer:(model)/{name}.0#0:in.0")
    assert (row.verdict.status, "other order" in row.verdict.reason) == ("aligned", True)


@pytest.mark.parametrize("name", ["add", "mul"])
def test_an_operand_that_is_another_tensor_has_diverged(tmp_path: Path, name: str) -> None:
    parts = {"a": LEFT, "b": RIGHT, "c": 2 * LEFT}
    found = compared(tmp_path, name, parts, ["c", "a"], [LEFT, LEFT])
    assert found.row(f"layer:(model)/{name}.0#0:in.0").verdict.status == "diverged"


@pytest.mark.parametrize("name", ["sub", "div", "cat"])
def test_elsewhere_the_order_counts(tmp_path: Path, name: str) -> None:
    found = compared(tmp_path, name, {"a": LEFT, "b": RIGHT}, ["b", "a"], [LEFT, LEFT])
    assert found.first == f"layer:(model)/{name}.0#0:in.0"


@pytest.mark.parametrize(
    ("name", "shape", "status"),
    [
        ("sub", (1, 1, 4, 2, 4), "aligned"),
        ("sub", (1, 4, 2, 1, 4), "not compared"),
        ("matmul", (1, 1, 4, 2, 4), "not compared"),
    ],
)
def test_an_operand_may_have_leading_axes_of_one_element_where_shapes_are_broadcast(
    tmp_path: Path, name: str, shape: tuple[int, ...], status: str
) -> None:
    traces = []
    for side, its in (("reference", RIGHT), ("port", RIGHT.reshape(shape))):
        with TraceWriter(tmp_path / f"{side}.h5", {}) as writer:
            for place, given in enumerate((LEFT, its)):
                writer.add(f"layer:(model)/{name}.0#0:in.{place}", given, name)
            writer.add(f"layer:(model)/{name}.0#0:out", LEFT, name)
        traces.append(Trace.open(tmp_path / f"{side}.h5"))
    found = comparing.compare(*traces, names=("torch", "jittor"))
    assert found.row(f"layer:(model)/{name}.0#0:in.1").verdict.status == status


def test_parts_of_other_sizes_in_another_order_are_reported_by_their_shapes(tmp_path: Path) -> None:
    made = [np.concatenate(parts, 1) for parts in ((LEFT, NARROW), (NARROW, LEFT))]
    found = compared(tmp_path, "cat", {"a": LEFT, "b": NARROW}, ["b", "a"], made)
    row = found.row("layer:(model)/cat.0#0:in.0")
    assert found.first == row.address
    assert "shape 1x4x2x4 in torch, 1x2x2x4 in jittor" in row.verdict.reason


@pytest.mark.parametrize(("waiting", "status"), [(1.0, "diverged"), (0.0, "")])
def test_gradients_that_wait_in_the_port_alone_were_not_cleared(
    tmp_path: Path, waiting: float, status: str
) -> None:
    """What is zero may wait: Jittor has a zero where torch has no gradient."""
    for name in ("reference", "port"):
        with TraceWriter(tmp_path / f"{name}.h5", {"side": name}) as writer:
            writer.add("update:a", LEFT)
            if name == "port":
                writer.add("sum:a", waiting * LEFT)
    ours, its = (Trace.open(tmp_path / f"{name}.h5") for name in ("reference", "port"))
    found = comparing.compare(ours, its, names=("torch", "jittor"))
    assert {row.address: row.verdict.status for row in found.rows}.get("sum:a", "") == status
    assert found.verdict == (status or "aligned")
