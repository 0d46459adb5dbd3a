"""Pairs whose networks return the predictions that the upstream metrics were recorded of."""

from __future__ import annotations

import numpy as np

from harness import seeded
from harness.pairs import find
from harness.pairs.base import Arrays, DataRequest, DataSet, Meter, Pair, Recipe, Variant
from tests.unit.pairs.test_cpanet_metrics import episodes
from tests.unit.pairs.test_l2sknet_metrics import SCENES, draw
from tests.upstream import cpanet_truth


class Recorded(DataSet):
    """Samples that are drawn as they were recorded."""

    def __init__(self, samples: list[Arrays]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def sample(self, index: int, epoch: int, rng: np.random.Generator) -> Arrays:
        """One of them."""
        return self.samples[index]


def scenes(request: DataRequest) -> DataSet:
    """L2SKNet's predictions and masks."""
    drawn = map(draw, SCENES)
    return Recorded([{"given": prediction[None], "mask": mask[None]} for prediction, mask in drawn])


def judged(request: DataRequest) -> DataSet:
    """CPANet's logits and raw labels; the first episode comes once more at the end, as published."""
    told = cpanet_truth.metrics_file()["validate"]
    found: list[Arrays] = []
    for episode in episodes():
        name = f"cpanet/val/{episode.inputs}/logits"
        logits = seeded.tensor(1, name, tuple(told["logits_shape"]), "normal")[0]
        found.append(
            {
                "given": logits,
                "raw": episode.label,
                "y": episode.label,
                "position": np.array(episode.position),
            }
        )
    return Recorded([*found, found[0]])


def echo(name: str, data: object, output: str) -> Pair:
    """A pair that returns what it is given as `output`, with the meter of a built-in pair."""
    own = find(name)

    def meter(variant: Variant) -> Meter:
        assert own.meter is not None
        return own.meter(own.variant(None))

    return Pair(
        name=name,
        title="echo",
        variants={output: Variant(output, "the only one")},
        reference="tests.unit.evaluating.echo_torch",
        port="tests.unit.evaluating.echo_jittor",
        draw_inputs=lambda request: {"given": np.zeros((1, 1, 8, 8), np.float32)},
        forward=("given",),
        recipe=Recipe("sgd", 0.1),
        weight_rule=lambda seed, key, shape: np.ones(shape, np.float32),
        data_set=data,  # type: ignore[arg-type]
        meter=meter,
    )


L2SKNET = echo("l2sknet", scenes, "out")
CPANET = echo("cpanet", judged, "logits")
