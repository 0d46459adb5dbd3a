from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.trace import TraceWriter
from tests import needs_shared, shared_folder
from tests.unit.cli.conftest import Align

VALUES = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A trace of three tensors."""
    path = tmp_path / "toy.h5"
    with TraceWriter(path, {"side": "torch", "case": {"pair": "toy", "variant": "small"}}) as writer:
        writer.add("layer:stem.conv#0:out", VALUES, "Conv2d")
        writer.add("layer:stem.act#0:out", np.maximum(VALUES, 0), "ReLU")
        writer.add("output:0", VALUES.sum(axis=1), "")
    return path


def test_a_trace_has_its_header_and_a_table_of_its_tensors(align: Align, trace: Path) -> None:
    ran = align("show", trace)
    assert ran.exit_code == 0
    assert "side: torch" in ran.stdout
    assert "complete: True" in ran.stdout
    row = next(line for line in ran.stdout.splitlines() if line.startswith("layer:stem.conv#0:out"))
    figures = [f"{figure:.1e}" for figure in (VALUES.mean(), VALUES.std(), np.abs(VALUES).max())]
    assert row.split() == ["layer:stem.conv#0:out", "Conv2d", "2x3x8x8", "float32", *figures]
    assert "3 tensors" in ran.stdout


@pytest.mark.parametrize("columns", ["80", "100"])
def test_the_table_fits(align: Align, trace: Path, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert max(map(len, align("show", trace).stdout.splitlines())) <= int(columns)


def test_a_trace_as_a_document(align: Align, trace: Path) -> None:
    document = align("show", trace, "--json").document
    assert document["header"]["case"]["pair"] == "toy"
    assert [record["address"] for record in document["records"]] == [
        "layer:stem.conv#0:out",
        "layer:stem.act#0:out",
        "output:0",
    ]
    assert document["records"][2]["shape"] == [2, 8, 8]
    assert document["records"][0]["stats"]["l2"] == pytest.approx(np.linalg.norm(VALUES.astype(np.float64)))


def test_one_address_with_its_samples(align: Align, trace: Path) -> None:
    (record,) = align("show", trace, "layer:stem.conv#0:out", "--json").document["records"]
    assert len(record["samples"]) == 64
    for sample in record["samples"]:
        assert sample["value"] == VALUES.flat[sample["position"]]
    shown = align("show", trace, "layer:stem.conv#0:out").stdout
    assert f"[{record['samples'][0]['position']}] {record['samples'][0]['value']!r}" in shown


def test_a_glob_of_addresses(align: Align, trace: Path) -> None:
    document = align("show", trace, "layer:stem.*", "--json").document
    assert len(document["records"]) == 2
    ran = align("show", trace, "layer:stme.conv#0:out")
    assert ran.exit_code == 2
    assert "near it: layer:stem.conv#0:out" in ran.stderr


def test_what_was_recorded_before_a_crash(align: Align, tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "t.h5", {"side": "torch"})
    writer.add("layer:a#0:out", VALUES, "Conv2d")
    writer.abort()
    document = align("show", tmp_path / "t.h5.partial", "--json").document
    assert document["header"]["complete"] is False
    assert [record["address"] for record in document["records"]] == ["layer:a#0:out"]


def test_a_file_that_is_no_trace(align: Align, tmp_path: Path) -> None:
    (tmp_path / "x.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    ran = align("show", "x.h5")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "x.h5" in ran.stderr


@needs_shared
def test_a_trace_of_the_upstream_code(align: Align) -> None:
    path = shared_folder() / "upstream" / "l2sknet" / "L2SKNet_UNet.eval.h5"
    document = align("show", path, "--json").document
    assert document["header"]["model"] == "l2sknet"
    assert len(document["records"]) > 50
