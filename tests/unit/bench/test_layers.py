"""Times of layers: which rows both sides share, what the port loses, and whether it adds up to the whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness import pairs
from harness.answers import LayersTimed
from harness.bench.layers import LayerRow, Total, by_kind, layer_rows, totals
from harness.case import Case
from harness.flows.bench_layers import layer_table
from harness.flows.bench_subject import subject
from harness.progress import Silent
from reports import bench_layers
from tests import ROOT

KINDS = {"(model)": "Net", "conv": "Conv2d", "conv2": "Conv2d"}
REFERENCE = LayersTimed({"(model)": 0.5, "conv": 1.0, "conv2": 2.0}, {"conv": 3.0}, KINDS)
PORT = LayersTimed(
    {"(model)": 0.5, "conv": 2.0, "conv2": 1.0, "conv2/relu.0": 0.25, "extra.inner": 0.125},
    {"conv": 4.5},
    {**KINDS, "conv2/relu.0": "relu", "extra.inner": "Cast"},
)


def rows() -> list[LayerRow]:
    """Those of one pass of each side."""
    return layer_rows({"torch": [REFERENCE], "jittor": [PORT]})


def test_the_layer_by_which_the_port_loses_most_comes_first() -> None:
    found = rows()
    assert [row.path for row in found] == ["conv", "(model)", "conv2"]
    assert [row.lost for row in found] == [2.5, 0.125, -0.75]
    assert by_kind(found) == {"Conv2d": 1.75, "Net": 0.125}


def test_what_one_side_alone_has_counts_where_both_have_something() -> None:
    found = {row.path: row for row in rows()}
    assert found["conv2"].port["forward"] == 1.25
    assert found["conv2"].parts == ["jittor conv2/relu.0"]
    assert found["(model)"].parts == ["jittor extra.inner"]


def test_nothing_is_lost_between_the_layers_and_their_sum() -> None:
    whole = {side: {"forward": 3.5, "backward": 4.0} for side in ("torch", "jittor")}
    added = {(one.side, one.part): one.layers for one in totals(rows(), whole)}
    assert added[("torch", "forward")] == sum(REFERENCE.forward.values())
    assert added[("jittor", "forward")] == sum(PORT.forward.values())
    assert added[("jittor", "backward")] == sum(PORT.backward.values())


def test_the_middle_one_of_the_passes_counts() -> None:
    passes = [LayersTimed({"conv": value}, {}, {"conv": "Conv2d"}) for value in (2.0, 50.0, 1.0)]
    (row,) = layer_rows({"torch": passes, "jittor": passes[2:]})
    assert (row.reference["forward"], row.port["forward"], row.lost) == (2.0, 1.0, -1.0)


@pytest.mark.parametrize(
    ("layers", "whole", "reconciles"),
    [(1.0, 1.0, True), (1.09, 1.0, True), (1.2, 1.0, False), (0.8, 1.0, False), (1.0, 0.0, True)],
)
def test_a_sum_that_is_not_the_whole_is_said(layers: float, whole: float, reconciles: bool) -> None:
    assert Total("torch", "forward", layers, whole).reconciles is reconciles


@pytest.mark.torch
@pytest.mark.jittor
def test_a_layer_that_sleeps_stands_first(tmp_path: Path) -> None:
    """Two processes; the port's own code sleeps in every call."""
    folder = tmp_path / "pair"
    shutil.copytree(ROOT / "examples" / "tiny", folder)
    port = folder / "tiny_jittor.py"
    text = port.read_text()
    assert "self.head(" in text
    port.write_text(
        "import time\n" + text.replace("return self.head(", "time.sleep(0.3)\n        return self.head(")
    )
    pair = pairs.find(str(folder / "tiny_pair.py"))
    case = Case(str(folder / "tiny_pair.py"), "small", mode="train", batch=2, size=(32, 32))
    with subject(pair, case, 300.0, lambda identity: None) as one:
        table = layer_table(one, 0.1, Silent())
    first = table.rows[0]
    assert first.path == "(model)"
    assert first.lost > 0.25
    layers = {row.path: row for row in table.rows}
    assert {"conv", "(loss)"} <= layers.keys()
    for side in (layers["conv"].reference, layers["conv"].port):
        assert side.keys() == {"forward", "backward"}
    assert {(one.side, one.part) for one in table.totals} == {
        (side, part) for side in ("torch", "jittor") for part in ("forward", "backward")
    }
    said = "\n".join(bench_layers.notes(table))
    assert "What jittor loses by kind" in said
    assert said.count("the layers add up to") == 4
