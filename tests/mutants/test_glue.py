"""What goes wrong between layers is reported where it arrives; neither layers nor operations are blamed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.alignment import Alignment
from harness.flows.compare import compare_live
from harness.flows.comparison import comparison
from harness.pairs.base import Mode
from harness.progress import Silent
from tests.mutants.in_this_process import Compare, comparing, request

pytestmark = pytest.mark.torch
FAULTS = {
    "chunk": ("(model)/add.0#0:in.0", "(model)/add.0"),
    "input of a container": ("blocks#0:in.0", "(model)"),
    "index": ("(model)/softmax.0#0:in.0", "(model)/softmax.0"),
    "weight": ("(model)/matmul.0#0:in.1", "(model)/matmul.0"),
    "cast": ("(model)/matmul.0#0:in.0", "(model)/matmul.0"),
}


@pytest.fixture
def compare(tmp_path: Path) -> Iterator[Compare]:
    """A comparison of one variant."""
    with comparing("tests.mutants.glue.pair:PAIR", tmp_path) as run:
        yield run


def check_fault(alignment: Alignment, fault: str) -> None:
    """The wrong input is the first source forward, and nothing is said to make a wrong result of it."""
    address, place = FAULTS[fault]
    assert alignment.verdict == "diverged", alignment.sentence
    forward = [source for source in alignment.sources if source.direction == "forward"]
    assert f"layer:{address}" == forward[0].address, alignment.sentence
    assert forward[0].layers == [place]
    assert not [source.address for source in forward if source.address.endswith(":out")]
    assert "is not what the reference gives" in forward[0].text


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("variant", ["sound", "other order"])
def test_a_sound_port_is_aligned(variant: str, mode: Mode, compare: Compare) -> None:
    alignment = compare(variant, mode)
    assert alignment.verdict == "aligned", alignment.sentence
    assert not alignment.sources
    assert alignment.row("layer:(model)/softmax.0#0:in.0").verdict.status == "aligned"


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_input_is_reported_where_it_arrives(fault: str, mode: Mode, compare: Compare) -> None:
    check_fault(compare(fault, mode), fault)


@pytest.mark.jittor
def test_the_same_in_jittor(tmp_path: Path) -> None:
    with comparison(
        request("tests.mutants.glue.pair:IN_JITTOR", "sound", "eval", tmp_path / "sound"), Silent()
    ) as live:
        sound = compare_live(live).alignment
    assert sound.verdict == "aligned", sound.sentence
    with comparison(
        request("tests.mutants.glue.pair:IN_JITTOR", "input of a container", "train", tmp_path / "run"),
        Silent(),
    ) as live:
        check_fault(compare_live(live).alignment, "input of a container")
