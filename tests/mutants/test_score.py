"""The self-test's own machinery: each kind of mistake planted once, over two forms of one small network."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness import flows
from harness.flows import selftest
from harness.progress import Silent
from harness.selftest import FaultResult, Mistake

pytestmark = pytest.mark.torch
SMALL = "tests.unit.sides.small:PAIR"


def one_of_each(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """The first mistake of each kind."""
    return list({mistake.kind: mistake for mistake in reversed(mistakes)}.values())


@pytest.fixture(scope="module")
def result() -> selftest.SelftestScore:
    """The score over the small pair, both sides in this process."""
    from tests.mutants.side_by_side import lend_workers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selftest, "lend_workers", lend_workers)
        plain = selftest._choose
        patch.setattr(
            selftest, "_choose", lambda compared, count, seed: one_of_each(plain(compared, None, seed))
        )
        return selftest.selftest_pair(flows.CompareRequest(model=SMALL), None, 1, Silent())


def missed(rows: Sequence[FaultResult], what: str) -> list[str]:
    return [f"{row.mistake.kind} in {row.mistake.path}: {row.said}" for row in rows if not getattr(row, what)]


def test_every_mistake_is_detected_and_located(result: selftest.SelftestScore) -> None:
    ran = [row for row in result.rows if row.ran]
    assert len(ran) >= 40
    assert missed(ran, "detected") == []
    assert missed(ran, "located") == []


def test_most_causes_are_named(result: selftest.SelftestScore) -> None:
    ran = [row for row in result.rows if row.ran]
    unnamed = missed(ran, "named")
    assert len(unnamed) <= 0.1 * len(ran), unnamed


def test_a_sound_port_raises_no_alarm(result: selftest.SelftestScore) -> None:
    assert result.alarms == []
    assert result.score.correct == 3  # evaluation, training, and the optimiser
