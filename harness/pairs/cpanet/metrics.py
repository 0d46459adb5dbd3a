"""The published metrics: intersections and unions, accumulated over episodes; which epoch is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput
from harness.pairs.base import Arrays
from harness.pairs.cpanet.resizing import resize_bilinear

Counts = NDArray[np.int64]
Labels = NDArray[Any]

IGNORED = 255
CLASSES = 2
SLOTS = 4  # classes of a fold
EPSILON = 1e-10  # in every denominator: what is absent on both sides scores 0
MOST_PASSES = 10


@dataclass
class Areas:
    """Pixels of each class: where prediction and label agree, in either, and in the label."""

    intersection: Counts = field(default_factory=lambda: np.zeros(CLASSES, np.int64))
    union: Counts = field(default_factory=lambda: np.zeros(CLASSES, np.int64))
    target: Counts = field(default_factory=lambda: np.zeros(CLASSES, np.int64))

    def add(self, other: Areas) -> None:
        """Count those of an episode as well."""
        self.intersection = self.intersection + other.intersection
        self.union = self.union + other.union
        self.target = self.target + other.target

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union of each class."""
        return self.intersection / (self.union + EPSILON)

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """The share of each class's label that is found."""
        return self.intersection / (self.target + EPSILON)

    @property
    def overall(self) -> float:
        """The share of all labelled pixels that is right."""
        return float(self.intersection.sum() / (self.target.sum() + EPSILON))


def areas(prediction: Labels, label: Labels) -> Areas:
    """Count one image or batch; what the label ignores is left out (the published code changes its input)."""
    if prediction.shape != label.shape:
        raise BadInput(f"a prediction of shape {prediction.shape} for a label of shape {label.shape}")
    kept = label != IGNORED
    given, wanted = prediction[kept].astype(np.int64), label[kept].astype(np.int64)

    def counted(values: Labels) -> Counts:
        return np.bincount(values[(values >= 0) & (values < CLASSES)], minlength=CLASSES).astype(np.int64)

    common = counted(given[given == wanted])
    target = counted(wanted)
    return Areas(common, counted(given) + target - common, target)


@dataclass
class Average:
    """A running mean with the last value."""

    value: float = 0.0
    total: float = 0.0
    count: int = 0

    def add(self, value: float, weight: int = 1) -> None:
        """One more value."""
        self.value, self.total, self.count = value, self.total + value * weight, self.count + weight

    @property
    def mean(self) -> float:
        """The mean so far."""
        return self.total / self.count


@dataclass
class Scores:
    """What an evaluation finds. A class's areas lie in the slot of its predecessor, as published."""

    loss: Average = field(default_factory=Average)
    pooled: Areas = field(default_factory=Areas)
    slots: list[Areas] = field(default_factory=lambda: [Areas() for _ in range(SLOTS)])
    episodes: int = 0

    def add(self, found: Areas, position: int, loss: float) -> None:
        """One episode of the class at a position of the fold's list."""
        self.episodes += 1
        self.loss.add(loss)
        self.pooled.add(found)
        self.slots[(position - 1) % SLOTS].add(found)

    @property
    def class_ious(self) -> list[float]:
        """The defect's IoU, slot by slot."""
        return [float(slot.iou[1]) for slot in self.slots]

    @property
    def miou(self) -> float:
        """The mean over the fold's classes, which is published as mIoU."""
        return float(np.mean(self.class_ious))

    @property
    def fb_iou(self) -> float:
        """The mean of background and defect, all episodes pooled."""
        return float(np.mean(self.pooled.iou))

    @property
    def mean_accuracy(self) -> float:
        """The mean of both classes' accuracy."""
        return float(np.mean(self.pooled.accuracy))

    def lines(self) -> list[str]:
        """What the published evaluation logs at its end."""
        pooled = self.pooled
        means = f"{self.fb_iou:.4f}/{self.mean_accuracy:.4f}/{pooled.overall:.4f}"
        return [
            f"meanIoU---Val result: mIoU {self.miou:.4f}.",
            *(f"Class_{slot} Result: iou {iou:.4f}." for slot, iou in enumerate(self.class_ious, 1)),
            f"FBIoU---Val result: mIoU/mAcc/allAcc {means}.",
            *(
                f"Class_{number} Result: iou/accuracy {pooled.iou[number]:.4f}/{pooled.accuracy[number]:.4f}."
                for number in range(CLASSES)
            ),
        ]


@dataclass(frozen=True)
class EvaluationEpisode:
    """An episode as the evaluation needs it: what the model is given, its raw label and class position."""

    inputs: Any
    label: Labels
    position: int


def judge(logits: NDArray[Any], label: Labels) -> tuple[Areas, float]:
    """Areas and loss of one episode, on the raw label at the top left of an ignored square."""
    side = max(label.shape)
    square = np.full((side, side), IGNORED, np.int64)
    square[: label.shape[0], : label.shape[1]] = label
    enlarged = resize_bilinear(logits, (side, side))
    return areas(enlarged.argmax(0), square), cross_entropy(enlarged, square)


def cross_entropy(logits: NDArray[Any], label: Labels) -> float:
    """The mean over the labelled pixels, taken in double precision; NaN where there is none."""
    wide = logits.astype(np.float64) - logits.max(0)
    kept = label != IGNORED
    chosen = np.take_along_axis(wide, np.where(kept, label, 0)[None], 0)[0]
    losses = np.log(np.exp(wide).sum(0)) - chosen
    return float(losses[kept].mean()) if kept.any() else float("nan")


def validate(
    model: Callable[[Any], NDArray[Any]], episodes: Sequence[EvaluationEpisode], published: bool = True
) -> tuple[Scores, list[str]]:
    """Judge every episode, and as published the first query once more; the scores, and the log."""
    scores, log, count = Scores(), [], len(episodes)
    for episode in _looped(episodes, count + 1 if published else count):
        found, loss = judge(model(episode.inputs), episode.label)
        scores.add(found, episode.position, loss)
        if scores.episodes % 10 == 0:
            log.append(
                f"Test: [{scores.episodes}/{count}] Loss {loss:.4f} ({scores.loss.mean:.4f}) "
                f"Accuracy {found.overall:.4f}."
            )
    return scores, log + scores.lines()


def _looped(episodes: Sequence[EvaluationEpisode], count: int) -> Iterator[EvaluationEpisode]:
    passes = (episode for _ in range(MOST_PASSES) for episode in iter(episodes))
    for _, episode in zip(range(count), passes):
        yield episode


@dataclass
class BestEpochs:
    """The published rule: the best epoch on the test fold itself, each figure from an epoch of its own."""

    miou: float = 0.0
    miou_epoch: int | None = None
    fb_iou: float = 0.0
    fb_iou_epoch: int | None = None

    def update(self, epoch: int, miou: float, fb_iou: float) -> bool:
        """Take an epoch in; whether its checkpoint is kept, which the mIoU alone decides."""
        better = miou > self.miou
        if better:
            self.miou, self.miou_epoch = miou, epoch
        if fb_iou > self.fb_iou:
            self.fb_iou, self.fb_iou_epoch = fb_iou, epoch
        return better


def evaluate(outputs: Arrays, inputs: Arrays) -> dict[str, float]:
    """The metrics of a batch; none where the published swap of sides turned the logits (Q1)."""
    logits, label = outputs["logits"], inputs["y"]
    if logits.shape[2:] != label.shape[1:]:
        return {}
    pooled = areas(logits.argmax(1), label)
    background, defect = pooled.iou
    return {
        "IoU": float(defect),
        "FB-IoU": float((background + defect) / 2),
        "mAcc": float(pooled.accuracy.mean()),
        "allAcc": pooled.overall,
    }
