"""What goes wrong between layers is told of where it arrives; neither layers nor operations are blamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from harness import flows
from harness.alignment import Alignment
from harness.flows.compare import compare_live
from harness.flows.comparison import Workers, comparison
from harness.pairs.base import Mode
from harness.progress import Silent

pytestmark = pytest.mark.torch
Compare = Callable[[str, Mode], Alignment]
FAULTS = {
    "chunk": ("(model)/add.0#0:in.0", "(model)/add.0"),
    "input of a container": ("blocks#0:in.0", "(model)"),
    "index": ("(model)/softmax.0#0:in.0", "(model)/softmax.0"),
    "weight": ("(model)/matmul.0#0:in.1", "(model)/matmul.0"),
    "cast": ("(model)/matmul.0#0:in.0", "(model)/matmul.0"),
}


def request(model: str, variant: str, mode: Mode, output: Path) -> flows.CompareRequest:
    return flows.CompareRequest(
        model=f"tests.mutants.glue.pair:{model}",
        variant=variant,
        mode=mode,
        output=output,
        keep="none",
        isolated="always",
    )


@pytest.fixture
def compare(tmp_path: Path) -> Iterator[Compare]:
    """A comparison of one variant, both sides in this process."""
    from tests.mutants.side_by_side import OwnPort, lend_workers

    with lend_workers("cpu", 60.0, OwnPort) as held:

        def run(variant: str, mode: Mode) -> Alignment:
            asked = request("PAIR", variant, mode, tmp_path / "run")
            return flows.compare(asked, Silent(), workers=cast(Workers, held))

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
def test_a_wrong_input_is_told_of_where_it_arrives(fault: str, mode: Mode, compare: Compare) -> None:
    check_fault(compare(fault, mode), fault)


@pytest.mark.jittor
def test_the_same_in_jittor(tmp_path: Path) -> None:
    with comparison(request("IN_JITTOR", "sound", "eval", tmp_path / "sound"), Silent()) as live:
        sound = compare_live(live).alignment
    assert sound.verdict == "aligned", sound.sentence
    with comparison(
        request("IN_JITTOR", "input of a container", "train", tmp_path / "run"), Silent()
    ) as live:
        check_fault(compare_live(live).alignment, "input of a container")
