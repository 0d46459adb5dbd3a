"""The noise that `benchmarks.bench_rule` draws from: what processes and blocks differ by in one round."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.bench_rule import noise_of

ROUNDS, BLOCKS, CALLS = 200, 8, 20


def made_pair(process: float, block: float, machine: float) -> dict[str, Any]:
    """A pair of the same thing on a machine whose rounds differ by `machine`, processes and blocks beside."""
    rng = np.random.default_rng(5)
    hours = rng.normal(0, machine, ROUNDS)
    contestants = []
    for _ in range(2):
        processes = hours + rng.normal(0, process, ROUNDS)
        blocks = np.repeat(processes, BLOCKS) + rng.normal(0, block, ROUNDS * BLOCKS)
        contestants.append([[0.01 * float(np.exp(level))] * CALLS for level in blocks])
    return {"samples": contestants, "rounds": [1.0] * ROUNDS}


@pytest.mark.parametrize("machine", [0.0, 0.3])
def test_what_both_sides_of_a_round_share_is_no_noise(machine: float) -> None:
    noise = noise_of([made_pair(process=0.02, block=0.002, machine=machine)])
    assert noise.processes.std() == pytest.approx(0.02, rel=0.15)
    assert noise.blocks.std() == pytest.approx(0.002, rel=0.15)
    assert noise.calls.std() == pytest.approx(0.0, abs=1e-9)


def test_a_round_has_as_many_turns_as_the_pairs_had() -> None:
    assert noise_of([made_pair(0.01, 0.01, 0.0)]).turns == BLOCKS // 2
