"""How the published networks are trained: data, iterations and rates of each option file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.pairs.led.schedules import Rate, constant, cosine_restarts, steps
from harness.pairs.recipe import Group, Length, Pass, Recipe

LOSS_WEIGHT = 1.0
ADAM = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}


@dataclass(frozen=True)
class Pretraining:
    """With virtual noise; one virtual camera an iteration, for the noise and for the adapters."""

    batch: int
    patch: int
    iterations: int
    ratios: tuple[int, int]
    rate: Rate


@dataclass(frozen=True)
class Finetuning:
    """With few real pairs: first the new camera's adapters learn, then the auxiliary kernels."""

    batch: int
    crop: int
    align_iterations: int
    auxiliary_iterations: int
    align_rate: Rate
    auxiliary_rate: Rate

    @property
    def iterations(self) -> int:
        """Of both parts."""
        return self.align_iterations + self.auxiliary_iterations

    def learning(self, iteration: int) -> str:
        """Which group the optimiser changes at an iteration: `align` or `auxiliary`."""
        return "align" if iteration <= self.align_iterations else "auxiliary"

    def rate(self, iteration: int) -> float:
        """Its rate there; the second group's schedule starts anew."""
        if self.learning(iteration) == "align":
            return self.align_rate(iteration)
        return self.auxiliary_rate(iteration - self.align_iterations)


PRETRAINING = {
    "CVPR20_ELD": Pretraining(1, 512, 257_600, (100, 300), steps(1e-4, (128_800, 231_840), (5e-5, 1e-5))),
    "MM22_PMN": Pretraining(
        8, 512, 289_800, (100, 300), cosine_restarts(2e-4, (96_600, 193_200, 289_800), (1, 0.5, 0.25), 1e-5)
    ),
}
FINETUNING = {
    "CVPR20_ELD": Finetuning(1, 1024, 1000, 500, constant(1e-4), constant(1e-5)),
    "MM22_PMN": Finetuning(
        1, 1024, 1000, 500, cosine_restarts(1e-4, (1000,), (1,)), cosine_restarts(1e-5, (500,), (1,))
    ),
}


def pretraining_passes(length: Length, lr: float) -> Callable[[int], Pass]:
    """What each iteration of the published pre-training uses; all rates follow its first one."""
    rate = PRETRAINING["CVPR20_ELD"].rate
    return lambda number: Pass({"all": {"lr": lr * rate(number + 1) / rate(1)}})


def finetuning_passes(length: Length, lr: float) -> Callable[[int], Pass]:
    """What each iteration of the published fine-tuning uses: one group learns, then the other."""
    published = FINETUNING["CVPR20_ELD"]
    share = lr / published.rate(1)

    def uses(number: int) -> Pass:
        iteration = min(number + 1, published.iterations)
        return Pass({published.learning(iteration): {"lr": share * published.rate(iteration)}})

    return uses


RECIPE = Recipe(
    optimizer="adam",
    lr=1e-4,
    options=ADAM,
    passes=pretraining_passes,
    events=lambda length: {f"milestone {number:,}": number for number in (128_800, 231_840)},
    iterations=PRETRAINING["CVPR20_ELD"].iterations,
    batch=PRETRAINING["CVPR20_ELD"].batch,
    quirks=("the rate of a milestone comes in the iteration after it",),
)
FINETUNED = Recipe(
    optimizer="adam",
    lr=1e-4,
    options=ADAM,
    groups=(
        Group("align", ("*.align_weights.*", "*.align_biases.*")),
        Group("auxiliary", ("*.aux_weight", "*.aux_bias")),
    ),
    passes=finetuning_passes,
    events=lambda length: {"auxiliary kernels learn": FINETUNING["CVPR20_ELD"].align_iterations},
    iterations=FINETUNING["CVPR20_ELD"].iterations,
    batch=FINETUNING["CVPR20_ELD"].batch,
)
