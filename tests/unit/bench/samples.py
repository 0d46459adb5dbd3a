"""Measurements that nobody made, for tests of what reads them."""

from __future__ import annotations

import dataclasses

from harness.bench.layers import LayerRow, LayerTable, Total
from harness.bench.result import (
    Accuracy,
    Bench,
    BenchMachine,
    BenchRow,
    Contestant,
    Figures,
    IdleSwitch,
    LargestBatch,
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


def several() -> Bench:
    """Two batches of which one is slower, a switch that costs bits, layers, and the largest batches."""
    (row,) = made([2.0, 2.01, 1.99, 2.0]).rows
    fast = dataclasses.replace(
        row, batch=8, second=figures("jittor", 0.5), ratio=ratio_of([0.5, 0.51, 0.5, 0.49])
    )
    cheap = dataclasses.replace(
        figures("torch", 0.5, ("bfloat16",)), accuracy=Accuracy(1e-2, 7.2), metric={"mIoU": 0.75}
    )
    half = dataclasses.replace(row, second=cheap, ratio=ratio_of([0.5, 0.5, 0.5, 0.51]))
    layer = LayerRow(
        "stage.conv", "Conv2d", {"forward": 0.01}, {"forward": 0.03}, 0.02, ["jittor stage.extra"]
    )
    table = LayerTable("eval", 4, (64, 64), 7, [layer], [Total("torch", "forward", 0.01, 0.02)])
    largest = [LargestBatch("jittor", "train", 2 << 30, 32, 1 << 30, 48, "its peak is 2.3 GiB")]
    return dataclasses.replace(
        made([1.0, 1.0]),
        rows=[row, fast, half],
        layers=[table],
        largest=largest,
        unequal=["threads: 2 and 1"],
    )
