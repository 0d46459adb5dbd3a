"""Intervals and verdicts of timings, against SciPy and against simulated machines."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy  # its part `stats` is imported when it is first used, which takes a second

from harness.bench import statistics

PROCESS, BLOCK = 0.006, 0.02  # how far processes, and blocks of one process, are apart on a usual machine
CALLS, BLOCKS = 8, 6


def blocks(rng: np.random.Generator, level: float, drift: float = 0.0) -> list[list[float]]:
    """Blocks of one process; each is as much slower than the one before as `drift` says."""
    process = level * math.exp(rng.normal(0, PROCESS))
    return [
        [process * (1 + drift * number) * math.exp(abs(rng.normal(0, BLOCK))) for _ in range(CALLS)]
        for number in range(BLOCKS)
    ]


def measured(rng: np.random.Generator, effect: float) -> statistics.Ratio:
    """As many rounds as it takes, of a port that is slower by `effect`."""
    rounds: list[float] = []
    while not statistics.settled(rounds):
        rounds.append(statistics.round_ratio(blocks(rng, 1.0), blocks(rng, 1 + effect)))
    return statistics.ratio_of(rounds)


def test_the_interval_is_students() -> None:
    rounds = [1.02, 0.99, 1.05, 1.01, 1.03]
    found = statistics.ratio_of(rounds)
    low, high = scipy.stats.t.interval(0.99, 4, np.log(rounds).mean(), scipy.stats.sem(np.log(rounds)))
    assert found.value == pytest.approx(scipy.stats.gmean(rounds))
    assert (found.low, found.high) == pytest.approx((math.exp(low), math.exp(high)), rel=1e-6)


def test_many_rounds_are_judged_without_the_fifths_at_both_ends() -> None:
    """SciPy has Yuen's test of two samples; the other one does not vary."""
    rng = np.random.default_rng(7)
    rounds = np.exp(rng.normal(0.02, 0.01, 17))
    rounds[3] = 1.7
    found = statistics.ratio_of(list(rounds))
    assert found.value == pytest.approx(math.exp(scipy.stats.trim_mean(np.log(rounds), 0.2)))
    for end in (found.low, found.high):
        told = scipy.stats.ttest_ind(np.log(rounds / end), np.zeros(17), equal_var=False, trim=0.2)
        assert told.pvalue == pytest.approx(0.01, rel=1e-5)
    assert found.verdict == "slower"
    assert statistics.ratio_of(list(rounds[:9])).verdict == "ambiguous"  # too few to leave one out


def test_the_same_against_itself_is_hardly_ever_called_faster_or_slower() -> None:
    rng = np.random.default_rng(1)
    wrong = sum(measured(rng, 0.0).verdict in ("faster", "slower") for _ in range(500))
    assert wrong < 5


def test_three_percent_are_found() -> None:
    rng = np.random.default_rng(2)
    found = sum(measured(rng, 0.03).verdict == "slower" for _ in range(200))
    assert found >= 190


def test_a_drift_of_the_machine_falls_out() -> None:
    rng = np.random.default_rng(3)
    turns = [
        statistics.round_ratio(blocks(rng, 1.0, drift=0.05), blocks(rng, 1.0, drift=0.05)) for _ in range(50)
    ]
    assert np.mean(turns) == pytest.approx(1.0, abs=0.01)


def in_turns(busy: tuple[int, ...]) -> tuple[list[list[float]], list[list[float]]]:
    """Blocks in the order A B B A of a machine that becomes slower; other work doubles the `busy` ones."""
    times: tuple[list[list[float]], list[list[float]]] = ([], [])
    for place, one in enumerate([0, 1, 1, 0] * 3):
        level = (2.0 if place in busy else 1.0) * (1.1 if one else 1.0)
        times[one].append([level * math.exp(0.002 * place)] * 3)
    return times


def test_a_drift_and_a_burst_of_other_work_fall_out() -> None:
    assert statistics.round_ratio(*in_turns(())) == pytest.approx(1.1, rel=1e-9)
    for first in range(11):  # two blocks that follow each other, wherever that is
        assert statistics.round_ratio(*in_turns((first, first + 1))) == pytest.approx(1.1, rel=0.003)


@pytest.mark.parametrize(
    ("rounds", "verdict"),
    [
        ([1.10, 1.11, 1.10, 1.11], "slower"),
        ([0.90, 0.91, 0.90, 0.91], "faster"),
        ([1.000, 1.001, 0.999, 1.000], "same"),
        ([0.9, 1.2, 1.0, 1.1], "ambiguous"),
        ([1.004, 1.0041, 1.0039, 1.004], "same"),  # certain, and too small to be felt
    ],
)
def test_verdicts(rounds: list[float], verdict: str) -> None:
    assert statistics.ratio_of(rounds).verdict == verdict


def test_rounds_end_where_the_interval_is_narrow_or_there_were_enough() -> None:
    assert not statistics.settled([1.0] * (statistics.FEWEST_ROUNDS - 1))
    assert statistics.settled([1.0, 1.001, 1.0, 0.999])
    wide = [0.8, 1.3] * statistics.MOST_ROUNDS
    assert not statistics.settled(wide[: statistics.MOST_ROUNDS - 1])
    assert statistics.settled(wide[: statistics.MOST_ROUNDS])


def test_blocks_that_were_not_measured_in_turns_are_refused() -> None:
    with pytest.raises(ValueError, match="3 blocks against 3"):
        statistics.round_ratio([[1.0]] * 3, [[1.0]] * 3)
    with pytest.raises(ValueError, match="two rounds"):
        statistics.ratio_of([1.0])


def test_a_warm_up_ends_where_calls_become_no_faster() -> None:
    assert not statistics.halves_agree([9.0, 8.0, 7.0, 6.0, 5.0, 4.0])
    assert statistics.halves_agree([9.0, 5.0, 5.01, 5.0, 4.99, 5.0, 5.0])
    assert not statistics.halves_agree([5.0, 5.0])


def test_the_spread() -> None:
    values = [3.0, 1.0, 2.0, 10.0]
    found = statistics.spread(values)
    assert (found.count, found.median, found.least) == (4, 2.5, 1.0)
    assert found.deviation == pytest.approx(np.std(values, ddof=1))
    assert (found.low, found.high) == tuple(np.percentile(values, [25, 75]))
