"""Measurements that nobody made, for tests of what reads them."""

from __future__ import annotations

from harness.bench.result import (
    Accuracy,
    Bench,
    BenchMachine,
    BenchRow,
    Contestant,
    Figures,
    IdleSwitch,
    Memory,
)
from harness.bench.statistics import ratio_of, spread

MACHINE = BenchMachine("A processor | of some kind", 2, 8 << 30, "cpu", "Linux")


def figures(side: str, seconds: float, switches: tuple[str, ...] = ()) -> Figures:
    """What one contestant took."""
    calls = [seconds, 1.01 * seconds, 0.99 * seconds]
    return Figures(
        Contestant(side, switches), spread(calls), {"forward": spread(calls)}, 3.0, 2, True,
        Memory(100 << 20, None), {"threads": "2"}, Accuracy(1e-7, 23.2),
    )  # fmt: skip


def made(rounds: list[float]) -> Bench:
    """A measurement of one row with these ratios."""
    samples = {"torch": [[1.0, 1.01]] * 2, "jittor": [[2.0, 2.01]] * 2}
    row = BenchRow(
        "eval",
        4,
        (64, 64),
        figures("torch", 1.0),
        figures("jittor", 2.0),
        ratio_of(rounds),
        {},
        rounds,
        samples,
    )
    idle = [IdleSwitch("torch", "tf32", "does nothing on cpu")]
    return Bench("tiny", "small", "cpu", "2026-01-02", MACHINE, {"torch": {"torch": "2"}}, [row], idle)
