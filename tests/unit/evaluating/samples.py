"""Evaluations that nobody made, for tests of what reads them."""

from __future__ import annotations

from harness.evaluating.conclusion import conclude, worst_first
from harness.evaluating.metric_rows import metric_rows
from harness.evaluating.result import Broken, Evaluation, SampleRow


def made(port: float = 0.8, ratio: float = 0.1, *, empty: list[str] | None = None) -> Evaluation:
    """An evaluation of three samples whose metric is 0.8 on the reference; the last is off by `ratio`."""
    ratios = [0.1, 0.2, ratio]
    rows = [
        SampleRow(
            f"n|{place}", place, 0.5, 0.5, 1e-7 * one, one, "aligned" if one <= 1 else "diverged", place == 0
        )
        for place, one in enumerate(ratios)
    ]
    metrics = metric_rows({"mIoU": 0.8}, {"mIoU": port}, {"mIoU": 1e-4}, 0.01, own_weights=False)
    verdict, sentence = conclude(metrics, rows, empty or [], own_weights=False)
    return Evaluation(
        model="toy", variant="one", device="cpu", date="2026-01-02", data="synthetic", split="val", batch=1,
        seed=0, size=(8, 8), weights={"torch": "seeded", "jittor": "seeded"}, policy="noise", limit=0.01,
        figure="IoU", protocol="as it is", verdict=verdict, sentence=sentence,
        versions={"torch": {"torch": "2"}}, metrics=metrics, samples=worst_first(rows),
        broken=[Broken("n9", 9, "it is damaged")], empty=empty or [], churn=0.0, costs={"wall": 1.0},
    )  # fmt: skip
