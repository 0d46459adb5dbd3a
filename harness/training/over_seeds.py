"""Whether the metrics of both sides are the same over several trainings, each from another seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.case import PORT, REFERENCE
from harness.errors import ALIGNED, DIVERGED, INCONCLUSIVE, BadInput
from harness.training.churn import Churn, churn
from harness.training.equivalence import Equivalence, equivalence
from harness.training.log import Training


@dataclass(frozen=True)
class OverSeeds:
    """What the seeds say of each metric, after the last epoch and at the best one; and the churn."""

    folder: Path
    trainings: list[Training]
    last: list[Equivalence]
    best: list[Equivalence]
    churn: Churn | None

    @property
    def exit_code(self) -> int:
        """By the metric that counts, the first one; a forced step that diverged is a verdict of its own."""
        if any(one.end is not None and one.end.verdict == "diverged" for one in self.trainings):
            return DIVERGED
        verdicts = {"equivalent": ALIGNED, "different": DIVERGED, "inconclusive": INCONCLUSIVE}
        return verdicts[self.last[0].verdict]


def judged(folder: Path, trainings: list[Training], margin: float) -> OverSeeds:
    """What the trainings say together."""
    if not all(training.epochs for training in trainings):
        raise BadInput(
            "no epoch came to its end, so there are no metrics to compare; "
            "give more --steps, or a smaller --limit for shorter epochs"
        )
    names = list(trainings[0].epochs[-1].metrics[REFERENCE])
    last = [[one.epochs[-1].metrics for one in trainings], [_best(one, names) for one in trainings]]
    found = [
        [
            equivalence(
                name,
                [figures[REFERENCE][name] for figures in kind],
                [figures[PORT][name] for figures in kind],
                margin,
            )
            for name in names
        ]
        for kind in last
    ]
    samples = [[one.epochs[-1].samples.get(side, []) for one in trainings] for side in (REFERENCE, PORT)]
    return OverSeeds(folder, trainings, found[0], found[1], churn(*samples))


def _best(training: Training, names: list[str]) -> dict[str, dict[str, float]]:
    """The largest figure of each metric over the epochs, each from an epoch of its own."""
    return {
        side: {name: max(epoch.metrics[side][name] for epoch in training.epochs) for name in names}
        for side in (REFERENCE, PORT)
    }
