"""A port that raises is explained by what it did until then, as one that does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from harness.alignment import Alignment
from harness.flows import explain
from harness.flows.compare import compare_live
from harness.flows.comparison import Workers, comparison
from harness.pairs.base import Mode
from harness.progress import Silent
from tests.mutants.in_this_process import request

pytestmark = pytest.mark.torch
Explained = Callable[[str, Mode], Alignment]


@pytest.fixture
def explained(tmp_path: Path) -> Iterator[Explained]:
    """A comparison of one variant, with the causes of its sources."""
    from tests.mutants.side_by_side import OwnPort, lend_workers

    with lend_workers("cpu", 60.0, OwnPort) as workers:

        def run(variant: str, mode: Mode) -> Alignment:
            asked = request("tests.mutants.stopping.pair:PAIR", variant, mode, tmp_path / variant)
            with comparison(asked, Silent(), cast(Workers, workers)) as live:
                compared = compare_live(live)
                explain.add_causes(compared)
            return compared.alignment

        yield run


@pytest.mark.parametrize(
    ("fault", "address", "words"),
    [
        ("amounts", "layer:(model)/pad.0#0:out", "computed with pad=[2, 2, 1, 1]"),
        ("remainder", "layer:(model)/pad.0#0:out", "computed with pad=[2, 2, 2, 2]"),
        ("no padding", "layer:(model)/conv2d.0#0:out", "computed with padding=0, not 1"),
        ("twice", "layer:mix#0:in.0", "what comes of down applied twice"),
        ("turned", "layer:mix#0:in.0", "the shape 2x4x7x6 in place of 2x4x6x7"),
        ("transposed", "layer:mix#0:in.0", "transposed (height and width exchanged)"),
        ("larger", "layer:mix#0:in.0", "the reference's layer:(model)/relu.0#0:out"),
        ("size", "layer:(model)/interpolate.0#0:out", "computed with size=[14, 12]"),
        ("flat", "layer:(model)/add.0#0:in.1", "with the shape 1x4x42 in place of 1x4x6x7"),
        ("one part", "layer:(model)/cat.0#0:out", "joined without its part number 1"),
        ("axis", "layer:(model)/cat.0#0:out", "dim=2, not 1"),
    ],
)
@pytest.mark.parametrize("mode", ["eval", "train"])
def test_what_a_port_did_before_it_raised_is_explained(
    explained: Explained, fault: str, address: str, words: str, mode: Mode
) -> None:
    alignment = explained(fault, mode)
    assert (alignment.verdict, alignment.sides["jittor"].status) == ("diverged", "failed")
    (source,) = alignment.sources
    assert source.address == address
    assert words in source.cause


def test_other_values_before_it_raises_are_a_divergence_and_have_a_source(explained: Explained) -> None:
    alignment = explained("values", "eval")
    assert alignment.verdict == "diverged"
    assert [source.address for source in alignment.sources] == ["layer:down#0:in.0"]
    assert "times 2" in alignment.sources[0].cause


def test_a_port_that_raises_although_all_is_right_has_failed(explained: Explained) -> None:
    alignment = explained("nothing", "eval")
    assert (alignment.verdict, alignment.exit_code, alignment.sources) == ("failed", 4, [])
    assert "no such operator" in alignment.sentence
