"""What an evaluation says on the whole, in a word and in a sentence."""

from __future__ import annotations

import math

from harness.evaluating.result import MetricRow, SampleRow, Status

_WORST = {"diverged": 0, "inconclusive": 1, "aligned": 2, None: 3}


def conclude(
    metrics: list[MetricRow], samples: list[SampleRow], empty: list[str], *, own_weights: bool
) -> tuple[Status, str]:
    """The verdict and its sentence; `empty` says why the metrics show nothing."""
    if not samples:
        return "inconclusive", "No sample could be read."
    off = [row for row in samples if row.status == "diverged"]
    if off:
        return "diverged", f"The outputs of {len(off)} of {_count(len(samples))} are beyond noise."
    wrong = [row.name for row in metrics if row.status == "diverged"]
    if wrong:
        return "diverged", f"Beyond the limit: {', '.join(wrong)}."
    outputs = "" if own_weights else _outputs(samples)
    if empty:
        return "inconclusive", f"{outputs}The metrics show nothing: {'; '.join(empty)}."
    doubtful = [row.name for row in metrics if row.status == "inconclusive"]
    if doubtful:
        return "inconclusive", f"{outputs}Not decided: {', '.join(doubtful)}."
    if any(row.status == "inconclusive" for row in samples):
        return "inconclusive", outputs.strip()
    return "aligned", f"{outputs}Every metric is within its limit." if metrics else outputs.strip()


def _outputs(samples: list[SampleRow]) -> str:
    """What is said of outputs of which none diverged."""
    silent = sum(row.status == "inconclusive" for row in samples)
    if silent:
        return f"The outputs of {silent} of {_count(len(samples))} show nothing. "
    return f"The outputs of {'all ' if len(samples) > 1 else ''}{_count(len(samples))} agree to noise. "


def _count(samples: int) -> str:
    return f"{samples} sample" + ("" if samples == 1 else "s")


def worst_first(rows: list[SampleRow]) -> list[SampleRow]:
    """The rows with those first that are furthest off."""
    return sorted(
        rows, key=lambda row: (_WORST[row.status], -(row.ratio or 0.0), -disagreement(row), row.index)
    )


def disagreement(row: SampleRow) -> float:
    """How far the figures of both sides are apart; infinite where only one is a number."""
    if math.isnan(row.reference) and math.isnan(row.port):
        return 0.0
    apart = 0.0 if row.reference == row.port else abs(row.reference - row.port)
    return math.inf if math.isnan(apart) else apart
