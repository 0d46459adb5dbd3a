"""Optimisers that a porter has made or used wrongly: each wrong step is seen, and most causes are named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.alignment import Alignment
from harness.flows.together import lend_workers
from tests.mutants.steps.measure import PAIRS, Workers, cause_of, compared, is_wrong
from tests.mutants.steps.pair import Mistake

pytestmark = [pytest.mark.torch, pytest.mark.jittor]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Both sides, for all trainings."""
    with lend_workers("cpu", 300.0) as lent:
        yield lent


def test_jittors_own_adam_is_not_torchs_and_its_sgd_is(tmp_path: Path, workers: Workers) -> None:
    sound = compared("SGD", "native sgd", tmp_path / "sgd", workers)
    assert sound.verdict == "aligned", sound.sentence
    assert {row.address.partition(":")[0] for row in sound.rows} == {"update", "optimizer"}
    alignment = compared("ADAM", "native adam", tmp_path / "adam", workers)
    assert alignment.exit_code == 1
    assert alignment.sources[0].layers == ["(optimiser)"]
    assert "eps is added before" in cause_of("ADAM", alignment, workers)
    stored = Alignment.load(tmp_path / "adam" / "run" / "alignment.json")
    assert [row.address for row in stored.rows] == [row.address for row in alignment.rows]
    assert (tmp_path / "adam" / "run" / "report.html").stat().st_size


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("seed", range(3))
def test_sound_steps_are_never_accused(pair: str, seed: int, tmp_path: Path, workers: Workers) -> None:
    alignment = compared(pair, PAIRS[pair][0], tmp_path, workers, seed)
    assert alignment.verdict == "aligned", alignment.sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pair", "mistake"),
    [
        pytest.param(pair, mistake, id=f"{pair}-{mistake.name}")
        for pair, (_, mistakes) in PAIRS.items()
        for mistake in mistakes
    ],
)
def test_a_wrong_step_is_seen_and_no_wrong_cause_told(
    pair: str, mistake: Mistake, tmp_path: Path, workers: Workers
) -> None:
    alignment = compared(pair, mistake.name, tmp_path, workers)
    assert alignment.verdict == "diverged", alignment.sentence
    cause = cause_of(pair, alignment, workers)
    assert cause
    assert not is_wrong(mistake, cause), cause
