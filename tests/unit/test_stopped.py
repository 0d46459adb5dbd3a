"""A port that raises where tensors of another shape do not fit has diverged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.alignment_rows import SideReport
from harness.comparing import compare
from harness.layer_note import LayerNote
from harness.trace import Trace, TraceWriter
from tests.unit.toy_network import Bench, scaled


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def stopped(bench: Bench, stem: np.ndarray[Any, Any], told: dict[str, Any]) -> Trace:
    """What is left of a port that raised behind its first layer, with what that was told."""
    writer = TraceWriter(bench.folder / "jittor.h5", {"side": "jittor"})
    writer.add("input:x", bench.toy.x)
    writer.add("layer:stem#0:out", stem, "Linear")
    writer.note("layers", {"stem": LayerNote("Linear", told).to_dict()})
    writer.abort()
    return Trace.open(bench.folder / "jittor.h5.partial", allow_incomplete=True)


@pytest.mark.parametrize(
    ("shape", "signal", "verdict", "code"),
    [((8, 4), "", "diverged", 1), ((8, 4), "SIGSEGV", "failed", 4), (None, "", "failed", 4)],
)
def test_a_port_that_stops_where_shapes_do_not_fit_has_diverged(
    bench: Bench, shape: tuple[int, ...] | None, signal: str, verdict: str, code: int
) -> None:
    left = bench.reference.write(bench.folder / "torch.h5", "torch")
    stem = np.asarray(bench.port({"layer:stem#0:out": scaled(1.01)}).array("layer:stem#0:out"))
    right = stopped(bench, stem if shape is None else np.ones(shape, np.float32), {})
    lost = SideReport("failed", "RuntimeError: sizes do not match", signal, "act")
    alignment = compare(left, right, bench.truth, sides={"torch": SideReport(), "jittor": lost})
    assert (alignment.verdict, alignment.exit_code) == (verdict, code)
    assert [source.address for source in alignment.sources] == (
        ["layer:stem#0:out"] if verdict == "diverged" else []
    )


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        ({"padding": 0}, "jittor computes stem with padding=0, not 1."),
        (
            {"padding": 1, "size": [4, 8]},
            "jittor computes stem with size=[4, 8], not [8, 4] "
            "(the same numbers in another order: they are exchanged).",
        ),
        ({"padding": 1, "size": [8, 4]}, ""),
    ],
)
def test_what_the_layer_is_told_in_the_port_alone_is_the_cause(
    bench: Bench, told: dict[str, Any], cause: str
) -> None:
    """Layers cannot run alone where a side has ended; what they are told is known."""
    left = bench.reference.write(bench.folder / "torch.h5", "torch")
    left.notes["layers"] = {"stem": LayerNote("Linear", {"padding": 1, "size": [8, 4]}).to_dict()}
    right = stopped(bench, np.ones((8, 4), np.float32), {"size": [8, 4], **told})
    lost = SideReport("failed", "RuntimeError: sizes do not match", "", "act")
    alignment = compare(left, right, bench.truth, sides={"torch": SideReport(), "jittor": lost})
    assert [source.cause for source in alignment.sources] == [cause]
