"""The port's own run against twins: chaos is not accused, planted mistakes are, up to the horizon."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.training import twins
from harness.training.twins import Curves, agreed, first_outside, judge_losses, judge_weights, relative_gap
from tests.unit.training import chaotic

ADAM, SGD = chaotic.Rule(), chaotic.Rule(adam=False, rate=2e-2)
STEPS = np.arange(100)


def curves(growth: float, port: float, seed: int = 0, base: float = 1e-6) -> tuple[np.ndarray, np.ndarray]:
    """Gaps that grow by a rate: of a port, as often as large as a twin's, and of four twins."""
    rng = np.random.default_rng(seed)
    size = base * np.exp(growth * STEPS)
    strays = np.abs(rng.standard_normal((5, len(STEPS)))) * size
    return port * strays[0], strays[1:]


@pytest.mark.parametrize("rule", [ADAM, SGD], ids=["adam", "sgd"])
def test_correct_ports_are_never_suspect(rule: chaotic.Rule) -> None:
    for seed in range(8):
        assert [one.status for one in chaotic.judged(seed, rule)] == ["chaos", "chaos"]


@pytest.mark.parametrize("mistake", list(chaotic.MISTAKES))
@pytest.mark.parametrize("rule", [ADAM, SGD], ids=["adam", "sgd"])
def test_every_planted_mistake_is_suspect_from_where_it_acts(rule: chaotic.Rule, mistake: str) -> None:
    acts = rule.milestone if "milestone" in mistake else 0
    for seed in range(2):
        loss, weights = chaotic.judged(seed, rule, mistake)
        assert "suspect" in (loss.status, weights.status)
        first = min(one.outside for one in (loss, weights) if one.outside is not None)
        assert acts <= first <= acts + 8
        assert f"at step {loss.outside}" in loss.sentence or loss.outside is None


def test_a_gap_that_grows_as_the_twins_do_is_chaos_up_to_the_horizon() -> None:
    gap, strays = curves(0.3, port=2.0)
    moved = np.full(len(STEPS), 1.0)
    found = judge_weights(gap, strays, moved)
    truth = math.log(twins.SIGNAL / 1e-6) / 0.3  # where the size of a twin's gap is half the signal
    assert found.status == "chaos"
    assert found.horizon is not None
    assert abs(found.horizon - truth) < 0.4 * truth  # the band looks ahead by a quarter
    assert "inconclusive" in found.sentence
    assert f"up to step {found.horizon - 1}" in found.sentence


def test_beyond_the_horizon_nothing_is_accused() -> None:
    gap, strays = curves(0.3, port=2.0)
    horizon = judge_weights(gap, strays, np.ones(len(STEPS))).horizon
    assert horizon is not None
    gap[horizon:] *= 1e6
    found = judge_weights(gap, strays, np.ones(len(STEPS)))
    assert (found.status, found.horizon) == ("chaos", horizon)
    gap[horizon - 6 :] *= 1e6
    assert judge_weights(gap, strays, np.ones(len(STEPS))).outside == horizon - 6


def test_twins_that_part_at_once_leave_nothing_to_say() -> None:
    gap, strays = curves(0.0, port=1.0, base=10.0)
    found = judge_weights(gap, strays, np.ones(len(STEPS)))
    assert (found.status, found.horizon, found.outside) == ("inconclusive", 0, None)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_twins_show_no_band(count: int) -> None:
    gap, strays = curves(0.0, port=1.0)
    found = judge_weights(gap, strays[:count], np.ones(len(STEPS)))
    assert found.status == "inconclusive"
    assert "--twins" in found.sentence


def test_a_run_that_is_not_finite_on_one_side_is_outside() -> None:
    loss = np.exp(-STEPS / 50.0)
    port = loss.copy()
    port[40:] = np.nan
    found = judge_losses(Curves(loss, port, np.array([loss, loss])))
    assert (found.status, found.outside) == ("suspect", 40)


def test_twins_that_are_not_finite_end_the_judgement_there() -> None:
    loss = np.exp(-STEPS / 50.0)
    strays = np.array([loss, loss])
    strays[1, 60:] = np.nan
    port = loss.copy()
    port[60:] *= 2
    found = judge_losses(Curves(loss, port, strays))
    assert found.status == "chaos"
    assert found.horizon is not None
    assert found.horizon <= 60


def test_gaps_are_logarithms_where_they_can_be() -> None:
    one, other = np.array([2.0, 1.0, -1.0, np.inf, np.nan]), np.array([1.0, 1.0, 1.0, 1.0, np.nan])
    assert relative_gap(one, other).tolist() == [math.log(2), 0.0, 2.0, math.inf, 0.0]


def test_rounding_of_the_loss_itself_is_no_gap() -> None:
    loss = np.exp(-np.arange(30) / 50.0)
    found = judge_losses(Curves(loss, loss * (1 + 2.0**-23), np.array([loss, loss])))
    assert found.status == "chaos"


def test_a_single_spike_is_no_divergence_unless_it_is_wild() -> None:
    gap, limit = np.full(20, 0.1), np.ones(20)
    gap[7] = 1.5
    assert first_outside(gap, limit) is None
    gap[9] = gap[10] = 1.5
    assert first_outside(gap, limit) == 7
    gap[9] = gap[10] = 0.1
    gap[15] = 1000.0
    assert first_outside(gap, limit) == 15


def test_the_last_steps_count_as_the_others() -> None:
    gap, limit = np.full(20, 0.1), np.ones(20)
    gap[17:] = 2.0
    assert first_outside(gap, limit) == 17


def test_two_runs_of_a_port_are_suspect_together_alone() -> None:
    gap, strays = curves(0.0, port=1.0)
    calm = judge_weights(gap, strays, np.ones(len(STEPS)))
    wild = judge_weights(gap * 1e4, strays, np.ones(len(STEPS)))
    assert (calm.status, wild.status) == ("chaos", "suspect")
    assert agreed(wild, wild).status == "suspect"
    assert (agreed(wild, calm).status, agreed(wild, calm).outside) == ("chaos", None)
    assert agreed(calm, wild).status == "chaos"


def test_the_rate_of_growth() -> None:
    gap, strays = curves(0.2, port=1.0)
    found = judge_weights(gap, strays, np.full(len(STEPS), 1e9))
    assert twins.growth(found) == pytest.approx(0.2, rel=0.2)
    assert math.isnan(twins.growth(judge_weights(gap[:2], strays[:, :2], np.ones(2))))


def test_weights_measured_at_some_steps_are_judged_at_those() -> None:
    gap, strays = curves(0.3, port=2.0)
    at = [0, 1, 2, 4, 8, 16, 32, 64]
    found = judge_weights(gap[at], strays[:, at], np.ones(len(at)), at)
    assert (found.status, found.horizon) == ("chaos", 64)
    assert "up to step 32" in found.sentence
    gap[16:] *= 1e4
    assert judge_weights(gap[at], strays[:, at], np.ones(len(at)), at).outside == 16
