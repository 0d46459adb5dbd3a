"""Optimisers that a porter has made or used wrongly: each wrong step is seen, and most causes are named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from harness.alignment import Alignment
from harness.flows.compare_steps import compare_steps
from harness.flows.explain_steps import explain_steps
from harness.flows.stored_case import Typed
from harness.flows.together import lend_workers
from harness.flows.train_request import TrainRequest
from harness.progress import Silent
from harness.session import Worker
from tests.mutants.steps.pair import OF_ADAM, OF_ADAMW, OF_SGD, Mistake

pytestmark = [pytest.mark.torch, pytest.mark.jittor]
PAIRS = {"ADAM": ("adam", OF_ADAM), "ADAMW": ("groups", OF_ADAMW), "SGD": ("native sgd", OF_SGD)}
Workers = Mapping[str, Worker]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Both sides, for all trainings."""
    with lend_workers("cpu", 300.0) as lent:
        yield lent


def compared(pair: str, training: str, folder: Path, workers: Workers) -> Alignment:
    """The steps of one training of the port."""
    request = TrainRequest(f"tests.mutants.steps.pair:{pair}", training, device="cpu", output=folder / "run")
    return compare_steps(request, Silent(), workers)


def cause_of(pair: str, alignment: Alignment, workers: Workers) -> str:
    """What is told of its wrong steps, which is one thing for all its sources."""
    found = explain_steps(alignment, Silent(), Typed(model=f"tests.mutants.steps.pair:{pair}"), workers)
    (cause,) = {source.cause for source in found.sources}
    return cause


def is_claimed(cause: str) -> bool:
    """Whether a cause says more than that there is none, or that numbers were fitted."""
    return not cause.startswith("none of") and "fitted" not in cause


def test_jittors_own_adam_is_not_torchs_and_its_sgd_is(tmp_path: Path, workers: Workers) -> None:
    sound = compared("SGD", "native sgd", tmp_path / "sgd", workers)
    assert sound.verdict == "aligned", sound.sentence
    assert {row.address.partition(":")[0] for row in sound.rows} == {"update", "optimizer"}
    alignment = compared("ADAM", "native adam", tmp_path / "adam", workers)
    assert alignment.exit_code == 1
    assert alignment.sources[0].layers == ["(optimiser)"]
    assert "eps is added before" in cause_of("ADAM", alignment, workers)
    assert Alignment.load(tmp_path / "adam" / "run" / "alignment.json").rows == alignment.rows
    assert (tmp_path / "adam" / "run" / "report.html").stat().st_size


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("seed", range(3))
def test_sound_steps_are_never_accused(pair: str, seed: int, tmp_path: Path, workers: Workers) -> None:
    name = f"tests.mutants.steps.pair:{pair}"
    request = TrainRequest(name, PAIRS[pair][0], device="cpu", seed=seed, output=tmp_path / "run")
    alignment = compare_steps(request, Silent(), workers)
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
    assert any(re.search(words, cause) for words in mistake.says) or not (
        mistake.says or is_claimed(cause)
    ), cause
