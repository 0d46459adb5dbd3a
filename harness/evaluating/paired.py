"""How sure the difference of a metric is that is the mean of the samples' own figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.evaluating.result import MetricRow, SampleRow
from harness.student import t_quantile

CONFIDENCE = 0.95
_SAME = 1e-6  # of a metric, within which it is the mean of the figures


@dataclass(frozen=True)
class PairedInterval:
    """The interval of the mean difference, port less reference, over so many samples."""

    low: float
    high: float
    samples: int


def paired_interval(metric: MetricRow, samples: Sequence[SampleRow]) -> PairedInterval | None:
    """Student's, over the differences sample by sample; None where the metric is no mean of these figures."""
    both = np.array([(row.reference, row.port) for row in samples], np.float64)
    if len(both) < 2 or not np.isfinite(both).all():
        return None
    means = both.mean(axis=0)
    if not means.any() or not np.allclose(means, (metric.reference, metric.port), rtol=_SAME, atol=0.0):
        return None
    apart = both[:, 1] - both[:, 0]
    half = t_quantile((1 + CONFIDENCE) / 2, len(apart) - 1) * float(apart.std(ddof=1)) / math.sqrt(len(apart))
    middle = float(apart.mean())
    return PairedInterval(middle - half, middle + half, len(apart))
