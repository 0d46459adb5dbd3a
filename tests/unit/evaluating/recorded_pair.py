"""Pairs whose networks return the predictions that the upstream metrics were recorded of."""

from __future__ import annotations

import numpy as np

from harness import seeded
from harness.pairs import find
from harness.pairs.base import Arrays, DataRequest, DataSet, Meter, Pair, Recipe, Variant
from harness.pairs.gold_yolo.letterbox import whole
from harness.pairs.gold_yolo.meter import PrecisionMeter
from tests.unit.pairs.test_cpanet_metrics import episodes
from tests.unit.pairs.test_l2sknet_metrics import SCENES, draw
from tests.upstream import cpanet_truth, led_truth
from tests.upstream.test_gold_yolo_after import boxes


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


def pictures(request: DataRequest) -> DataSet:
    """Gold-YOLO's detections and labels; a row without a score stands where there is none."""
    found: list[Arrays] = []
    for detections, labels in zip(*boxes(), strict=True):
        rows = np.concatenate((detections, np.zeros((1, 6))))
        found.append({"given": rows.astype(np.float32), "labels": labels})
    return Recorded(found)


class AfterSuppression(PrecisionMeter):
    """Gold-YOLO's meter, for what is left after suppression, which is what was recorded."""

    def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
        """Take in one image."""
        rows = next(iter(outputs.values()))[0].astype(np.float64).round(4)
        self.take([rows[rows[:, 4] > 0]], [inputs["labels"][0]], [whole(300, 320)])
        return [0.0]


def planes(request: DataRequest) -> DataSet:
    """LED's predictions and bright images."""
    drawn = led_truth.arrays("illum")
    return Recorded(
        [{"given": dark, "gt": bright} for dark, bright in zip(drawn["predict"], drawn["gt"], strict=True)]
    )


def echo(name: str, data: object, output: str, other: type[Meter] | None = None) -> Pair:
    """A pair that returns what it is given as `output`, with the meter of a built-in pair or another."""
    own = find(name)

    def meter(variant: Variant) -> Meter:
        assert own.meter is not None
        return own.meter(own.variant(None)) if other is None else other()

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
GOLD_YOLO = echo("gold_yolo", pictures, "boxes", AfterSuppression)
LED = echo("led", planes, "planes")
