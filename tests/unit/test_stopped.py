"""A port that raises where tensors of another shape do not fit has diverged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.alignment_rows import Isolated, SideReport
from harness.comparing import compare
from harness.comparing._stopped import take_back_takers
from harness.trace import Trace, TraceWriter
from tests.unit.toy_network import Bench, scaled


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    ("shape", "signal", "verdict", "code"),
    [((8, 4), "", "diverged", 1), ((8, 4), "SIGSEGV", "failed", 4), (None, "", "failed", 4)],
)
def test_a_port_that_stops_where_shapes_do_not_fit_has_diverged(
    bench: Bench, shape: tuple[int, ...] | None, signal: str, verdict: str, code: int
) -> None:
    left = bench.reference.write(bench.folder / "torch.h5", "torch")
    writer = TraceWriter(bench.folder / "jittor.h5", {"side": "jittor"})
    stem = np.asarray(bench.port({"layer:stem#0:out": scaled(1.01)}).array("layer:stem#0:out"))
    writer.add("input:x", bench.toy.x)
    writer.add("layer:stem#0:out", stem if shape is None else np.ones(shape, np.float32), "Linear")
    writer.abort()
    right = Trace.open(bench.folder / "jittor.h5.partial", allow_incomplete=True)
    lost = SideReport("failed", "RuntimeError: sizes do not match", signal, "act")
    alignment = compare(left, right, bench.truth, sides={"torch": SideReport(), "jittor": lost})
    assert (alignment.verdict, alignment.exit_code) == (verdict, code)
    assert [source.address for source in alignment.sources] == (
        ["layer:stem#0:out"] if verdict == "diverged" else []
    )


def test_what_takes_a_tensor_in_the_ports_own_shape_made_no_error(bench: Bench) -> None:
    left = bench.reference.write(bench.folder / "torch.h5", "torch")
    right = bench.reference.write(bench.folder / "jittor.h5", "jittor")
    rows = {row.address: row for row in compare(left, right, bench.truth).rows}
    for row in rows.values():
        row.isolated = Isolated(row.measured, row.verdict) if row.measured is not None else None
    carried = {"layer:block#0:in.0": "layer:act#0:out", "layer:head#0:out": "layer:act#0:out"}
    take_back_takers(rows.values(), carried)
    left_out = {address for address, row in rows.items() if row.measured and row.isolated is None}
    assert left_out == {"layer:block#0:in.0", "layer:block#0:out", "layer:head#0:out"}
