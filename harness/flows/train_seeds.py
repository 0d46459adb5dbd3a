"""The same training over several seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.errors import BadInput
from harness.flows import run_folder
from harness.flows.train import train
from harness.flows.train_request import TrainRequest
from harness.pairs import find
from harness.progress import Progress
from harness.session import Worker
from harness.training.over_seeds import OverSeeds, judged


def train_seeds(
    request: TrainRequest,
    seeds: int,
    margin: float,
    progress: Progress,
    workers: Mapping[str, Worker] | None = None,
) -> OverSeeds:
    """Train once for each seed, each into a folder of its own; the first alone takes forced steps.

    `workers` are used instead of new ones.
    """
    pair = find(request.model)
    if pair.meter is None and pair.metrics is None:
        raise BadInput(f"--seeds {seeds}: {pair.name} declares no metrics that could be compared")
    folder = run_folder.choose(request.output, request.case(pair))
    trainings = []
    for place in range(seeds):
        seed = request.seed + place
        forced = request.forced and place == 0
        one = replace(
            request, seed=seed, output=folder / f"seed-{seed}", forced=forced,
            twins=request.twins if place == 0 else 0, evaluate=True,
        )  # fmt: skip
        trainings.append(train(one, progress, workers))
    return judged(folder, trainings, margin)
