"""Hypotheses: a mean over elements of which some do not count is divided by another number of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.diagnose._evidence import Array, DifferingLayer, Trial


def trials(evidence: DifferingLayer) -> Iterator[Trial]:
    """The mean of a loss that ignores labels: over all of them, over the samples, or not divided."""
    ignored, labels = evidence.attributes.get("ignore_index"), _labels(evidence)
    if not isinstance(ignored, int) or evidence.attributes.get("reduction") != "mean" or labels is None:
        return
    kept = np.count_nonzero(labels != ignored)
    if evidence.reference.size != 1 or evidence.port.size != 1 or not kept:
        return
    every = f"the reference's output divided by the number of all {labels.size} labels"
    samples = f"the reference's output divided by the number of samples, {len(labels)},"
    whole = "the reference's sum, not divided"
    for words, divisor in ((every, labels.size), (samples, len(labels)), (whole, 1)):
        if divisor != kept:
            said = f"{words} in place of the {kept} that are not ignored (a mean over another count)"
            yield Trial(said, predicted=(evidence.reference * (kept / divisor)).astype(evidence.port.dtype))


def _labels(evidence: DifferingLayer) -> Array | None:
    """Whole numbers that the loss is given beside the scores."""
    return next((given for given in evidence.inputs[1:] if given.dtype.kind in "iu" and given.ndim), None)
