"""Another shape, and a part that learns though it should not, are located like wrong values."""

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


@pytest.fixture
def compare(tmp_path: Path) -> Iterator[Compare]:
    """A comparison of one variant."""
    with comparing("tests.mutants.forms.pair:PAIR", tmp_path) as run:
        yield run


def check_padding(alignment: Alignment) -> None:
    assert alignment.verdict == "diverged"
    assert alignment.first == "layer:conv#0:out"
    (source,) = [source for source in alignment.sources if source.direction == "forward"]
    assert (source.address, source.layers) == ("layer:conv#0:out", ["conv"])
    assert "3x4x16 in torch, 3x4x14 in jittor" in source.text
    carried = alignment.row("layer:act#0:out")
    assert carried.isolated is not None
    assert (carried.verdict.status, carried.isolated.verdict.status) == ("diverged", "aligned")


def check_learns(alignment: Alignment) -> None:
    assert alignment.verdict == "diverged"
    assert {source.address for source in alignment.sources} == {"grad:fixed.weight", "grad:fixed.bias"}
    for source in alignment.sources:
        assert source.layers == ["fixed"]
        assert "torch has no gradient here, that of jittor is as large as" in source.text


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_a_sound_port_is_aligned(mode: Mode, compare: Compare) -> None:
    alignment = compare("sound", mode)
    assert alignment.verdict == "aligned", alignment.sentence
    assert not alignment.sources


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_a_layer_of_another_shape_is_the_source(mode: Mode, compare: Compare) -> None:
    check_padding(compare("padding", mode))


def test_a_part_that_should_be_frozen_is_the_source(compare: Compare) -> None:
    check_learns(compare("learns", "train"))


def test_a_part_that_is_frozen_and_should_learn_is_the_source(compare: Compare) -> None:
    alignment = compare("frozen", "train")
    assert {source.address for source in alignment.sources} == {"grad:head.weight", "grad:head.bias"}
    assert all(source.layers == ["head"] for source in alignment.sources)


@pytest.mark.jittor
def test_the_same_in_jittor(tmp_path: Path) -> None:
    with comparison(
        request("tests.mutants.forms.pair:IN_JITTOR", "padding", "eval", tmp_path / "padding"), Silent()
    ) as live:
        check_padding(compare_live(live).alignment)
    with comparison(
        request("tests.mutants.forms.pair:IN_JITTOR", "learns", "train", tmp_path / "learns"), Silent()
    ) as live:
        check_learns(compare_live(live).alignment)
