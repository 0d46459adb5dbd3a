"""What the wrong tensors of one training step have in common, from arrays whose cause is known."""

from __future__ import annotations

import numpy as np
import pytest

from harness.diagnose.passes import Wrong, cause_of_pass
from harness.diagnose.steps import common_of_step

RNG = np.random.default_rng(1)
WEIGHT, BIAS = RNG.standard_normal((4, 3)), RNG.standard_normal(4)
BUFFER = RNG.standard_normal((4, 3))


def test_averages_that_stay() -> None:
    old = WEIGHT - 1
    kept = [Wrong("ema:bn.running_mean", WEIGHT, old.copy(), old)]
    assert common_of_step(kept, {}, []).startswith("the averages of bn.running_mean are not kept up")
    halfway = [Wrong("ema:bn.running_mean", WEIGHT, old + 0.5, old)]
    assert "kept up" not in common_of_step(halfway, {}, [])


@pytest.mark.parametrize(("outside", "decays"), [(["stem.weight"], True), ([], False)])
def test_what_no_group_has_decays(outside: list[str], decays: bool) -> None:
    found = [Wrong("update:stem.weight", np.zeros_like(WEIGHT), -5e-4 * WEIGHT)]
    told = common_of_step(found, {"stem.weight": WEIGHT}, outside)
    assert told == ("stem.weight decays by 0.0005 of itself, though no group has it." if decays else "")
    follows = Wrong("ema:stem.weight", WEIGHT, 0.9 * WEIGHT, WEIGHT)
    assert common_of_step([*found, follows], {"stem.weight": WEIGHT}, outside) == told
    grows = [Wrong("update:stem.weight", np.zeros_like(WEIGHT), 5e-4 * WEIGHT)]
    assert common_of_step(grows, {"stem.weight": WEIGHT}, outside) == ""


def test_a_multiple_of_one_parameter_and_one_factor_for_each_slot() -> None:
    twice = Wrong("update:head.weight", WEIGHT, 2 * WEIGHT)
    assert common_of_step([twice], {}, []) == "of head.weight, the update is 2 times the reference's."
    follows = Wrong("ema:head.weight", WEIGHT, WEIGHT + 0.1, WEIGHT)
    assert common_of_step([follows, twice], {}, []) == common_of_step([twice], {}, [])
    slot = Wrong("optimizer:head.weight.momentum_buffer", BUFFER, 0.05 * BUFFER)
    told = common_of_step([twice, slot], {}, [])
    assert told == (
        "of head.weight, the update is 2 times the reference's, "
        "the momentum_buffer is 0.05 times the reference's."
    )
    other = Wrong("update:head.bias", BIAS, RNG.standard_normal(4))
    assert common_of_step([twice, other], {}, []) == ""
    assert common_of_step([Wrong("update:head.bias", BIAS, None)], {}, []) == ""


def test_a_loss_that_differs_tells_where_to_look_by_what_stays() -> None:
    loss = Wrong("loss:total", np.float64(2.0), np.float64(3.0))
    grads = [Wrong("grad:a", WEIGHT, RNG.standard_normal(WEIGHT.shape))]
    still = [Wrong("state:bn.running_mean", BIAS, np.zeros(4), np.zeros(4))]
    moved = [Wrong("state:bn.running_mean", BIAS, BIAS * 2, np.zeros(4))]
    assert "bn stay: they are in evaluation mode" in cause_of_pass([loss, *grads, *still], {"bn": 0.1}, 4)
    assert cause_of_pass([loss, *grads, *moved], {"bn": 0.1}, 4) == ""
    assert "look at the targets" in cause_of_pass([loss, *grads], {"bn": 0.1}, 4)
    assert cause_of_pass([loss, *grads], {}, 4) == ""  # without norms nothing says where it begins
