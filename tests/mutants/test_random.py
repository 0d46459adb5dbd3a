"""What a model drops at random is switched off on both sides, so that a faulty port cannot hide in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from harness import flows
from harness.alignment import Alignment
from harness.choices import Dropout
from harness.comparing import rejudge
from harness.flows.comparison import Workers
from harness.progress import Silent
from harness.verdict import NoisePolicy

pytestmark = pytest.mark.torch
Compare = Callable[..., Alignment]


@pytest.fixture
def compare(tmp_path: Path) -> Iterator[Compare]:
    """A comparison of one variant in training, both sides in this process."""
    from tests.mutants.side_by_side import OwnPort, lend_workers

    with lend_workers("cpu", 60.0, OwnPort) as held:

        def run(variant: str, dropout: Dropout = "shared") -> Alignment:
            request = flows.CompareRequest(
                model="tests.mutants.random.pair:PAIR",
                variant=variant,
                mode="train",
                output=tmp_path / "run" / dropout,
                keep="none",
                dropout=dropout,
            )
            return flows.compare(request, Silent(), workers=cast(Workers, held))

        yield run


@pytest.mark.parametrize("variant", ["encoder", "recurrent", "functional"])
def test_a_sound_port_that_drops_is_aligned(variant: str, compare: Compare) -> None:
    alignment = compare(variant)
    assert alignment.verdict == "aligned", alignment.sentence
    assert alignment.observer["torch"].bitwise
    assert alignment.coverage.weak == []
    assert alignment.attributes == []


@pytest.mark.parametrize("variant", ["encoder relu", "encoder scaled", "encoder eps", "functional scale"])
def test_a_fault_beside_dropout_is_found(variant: str, compare: Compare) -> None:
    alignment = compare(variant)
    assert alignment.verdict == "diverged", alignment.sentence


def test_a_model_that_draws_is_inconclusive_and_what_draws_is_named(compare: Compare, tmp_path: Path) -> None:
    alignment = compare("drawing", "off")
    assert (alignment.verdict, alignment.exit_code) == ("inconclusive", 5)
    assert alignment.sentence.startswith("Inconclusive: two runs of torch differ by")
    assert "what draws at random there is rand in (model)." in alignment.sentence
    assert alignment.isolated.ran is False
    stored = Alignment.load(tmp_path / "run" / "off" / "alignment.json")
    assert rejudge(stored, NoisePolicy()).verdict == "inconclusive"


@pytest.mark.parametrize(("variant", "count"), [("drawing", 1), ("noise", 7)])
def test_what_both_sides_draw_alike_is_given_to_both(variant: str, count: int, compare: Compare) -> None:
    alignment = compare(variant)
    assert alignment.verdict == "aligned", alignment.sentence
    assert alignment.coverage.dropout.shared == count
    assert alignment.coverage.weak == []


def test_a_fault_in_what_is_drawn_is_found(compare: Compare) -> None:
    assert compare("noise spread").verdict == "diverged"


def test_what_is_random_unseen_is_named_by_where_it_shows(compare: Compare) -> None:
    alignment = compare("hidden")
    assert alignment.verdict == "inconclusive"
    assert "at output:0" in alignment.sentence
    assert "no operation was seen to draw" in alignment.sentence


def test_a_model_that_seeds_its_draws_is_judged(compare: Compare) -> None:
    assert compare("seeded").verdict == "aligned"


def test_another_shape_diverges_however_random_the_values_are(compare: Compare) -> None:
    assert compare("wide narrow").verdict == "diverged"


@pytest.mark.jittor
@pytest.mark.parametrize(
    ("variant", "dropout", "verdict"),
    [
        ("functional", "shared", "aligned"),
        ("functional scale", "shared", "diverged"),
        ("noise", "shared", "aligned"),
        ("noise spread", "shared", "diverged"),
        ("drawing", "off", "inconclusive"),
    ],
)
def test_a_port_in_jittor(variant: str, dropout: Dropout, verdict: str, tmp_path: Path) -> None:
    request = flows.CompareRequest(
        model="tests.mutants.random.pair:IN_JITTOR",
        variant=variant,
        mode="train",
        output=tmp_path / "run",
        keep="none",
        dropout=dropout,
    )
    alignment = flows.compare(request, Silent())
    assert alignment.verdict == verdict, alignment.sentence
    drawn = alignment.observer["jittor"].draws
    assert drawn == (["rand in (model)"] if verdict == "inconclusive" else [])
    apart = alignment.observer["jittor"].max_abs or 0.0
    assert (apart > 1e-2) == (verdict == "inconclusive"), "two runs of the port draw alike"
