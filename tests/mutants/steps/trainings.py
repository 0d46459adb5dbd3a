"""Training code of a porter: each is sound, or has the mistake that it is named after."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import jittor as jt

from harness.pairs.base import OwnTraining
from harness.pairs.recipe import Length
from ports_jittor.torchlike import optim

ADAM_RATE, ADAMW_RATE, SGD_RATE, FINAL = 1e-3, 5e-4, 0.05, 0.05
CLIP, DECAY, SMALL_DECAY = 0.1, 0.05, 5e-4
Training = Callable[[Any, Length], OwnTraining]


def _stepped(rate: float, number: int, length: Length) -> float:
    """A tenth from the third epoch on."""
    return rate * 0.1 ** (number >= 2 * length.steps)


def _set(optimizer: Any, rates: Sequence[float], name: str = "lr") -> None:
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group[name] = rate


# Adam, all parameters alike


def _by_adam(optimizer: Any, length: Length, early: int = 0, name: str = "lr") -> OwnTraining:
    def begin(number: int) -> None:
        _set(optimizer, [_stepped(ADAM_RATE, number + early, length)], name)

    return OwnTraining([optimizer], begin)


class Keras(jt.optim.Adam):
    """An Adam with its eps inside the root."""

    def step(self, loss: Any = None, retain_graph: bool = False) -> None:
        self.pre_step(loss, retain_graph)
        for group in self.param_groups:
            first, second = self.betas
            for value, gradient, square, mean in zip(
                group["params"], group["grads"], group["values"], group["m"], strict=True
            ):
                gradient = gradient + value * self.weight_decay
                mean.update(first * mean + (1 - first) * gradient)
                square.update(second * square + (1 - second) * gradient * gradient)
                root = jt.sqrt(square / (1 - second**self.n_step) + self.eps)
                value.update(value - group["lr"] / (1 - first**self.n_step) * mean / root)
        self.post_step()


class CountsTwice(optim.Adam):
    """An Adam whose correction is a step ahead."""

    def _update(self, var: Any, gradient: Any, group: Any, slots: Any) -> None:
        slots["step"] += 1
        super()._update(var, gradient, group, slots)
        slots["step"] -= 1


class Largest(optim.Adam):
    """An Adam that divides by the largest second moment so far, and forgets to keep it."""

    def _update(self, var: Any, gradient: Any, group: Any, slots: Any) -> None:
        before = slots["exp_avg_sq"]
        super()._update(var, gradient, group, slots)
        slots["exp_avg_sq"] = jt.maximum(before, slots["exp_avg_sq"])


class OneBeta(optim.Adam):
    """The first beta corrects both moments."""

    def _update(self, var: Any, gradient: Any, group: Any, slots: Any) -> None:
        first, _ = group["betas"]
        start = var.clone()
        super()._update(var, gradient, group, slots)
        root = jt.sqrt(slots["exp_avg_sq"] / (1 - first ** slots["step"])) + group["eps"]
        var.update(start - group["lr"] / (1 - first ** slots["step"]) * slots["exp_avg"] / root)


def _adam(kind: Any, model: Any, length: Length, **options: Any) -> OwnTraining:
    return _by_adam(kind(model.parameters(), **{"lr": ADAM_RATE, "weight_decay": 1e-4, **options}), length)


def _matrices_alone(model: Any, length: Length) -> OwnTraining:
    chosen = [value for value in model.parameters() if value.ndim > 1]
    return _by_adam(optim.Adam(chosen, lr=ADAM_RATE, weight_decay=1e-4), length)


def _scheduled(model: Any, length: Length, early: int = 0, name: str = "lr") -> OwnTraining:
    return _by_adam(optim.Adam(model.parameters(), lr=ADAM_RATE, weight_decay=1e-4), length, early, name)


def _native_scheduled(model: Any, length: Length) -> OwnTraining:
    """The rate of the optimiser is set, and a group has one of its own."""
    groups = [{"params": model.parameters(), "lr": ADAM_RATE}]
    optimizer = jt.optim.AdamW(groups, lr=ADAM_RATE, weight_decay=0)

    def begin(number: int) -> None:
        optimizer.lr = _stepped(ADAM_RATE, number, length)

    return OwnTraining([optimizer], begin)


# AdamW, with a rate of its own for the head and decay for matrices alone, clipped, along a cosine


def _cosine(number: int, length: Length, least: float = FINAL) -> float:
    return least + (1 - least) * (1 + math.cos(math.pi * number / length.passes)) / 2


def _groups(model: Any, head: float = 10.0, decays: Callable[[str, Any], bool] | None = None) -> list[Any]:
    chosen = decays or (lambda name, value: value.ndim > 1)
    groups = []
    for name, value in model.named_parameters():
        rate = ADAMW_RATE * (head if name.startswith("head") else 1)
        decay = DECAY if chosen(name, value) else 0.0
        groups.append({"params": [value], "lr": rate, "first": rate, "weight_decay": decay})
    return groups


def _adamw(
    model: Any,
    length: Length,
    kind: Any = optim.AdamW,
    groups: Callable[[Any], list[Any]] = _groups,
    clip: Callable[[Any], None] | None = None,
    share: Callable[[int, Length], float] = _cosine,
) -> OwnTraining:
    optimizer = kind(groups(model), lr=ADAMW_RATE)

    def begin(number: int) -> None:
        for group in optimizer.param_groups:
            group["lr"] = group["first"] * share(number, length)

    def step() -> None:
        (clip or (lambda made: made.clip_grad_norm(CLIP)))(optimizer)
        optimizer.step()

    return OwnTraining([optimizer], begin, step)


class Unscaled(optim.AdamW):
    """Its decay takes a share of each weight whatever the rate."""

    def _update(self, var: Any, gradient: Any, group: Any, slots: Any) -> None:
        var.update(var * (1 - group["weight_decay"]))
        super()._update(var, gradient, {**group, "weight_decay": 0.0}, slots)


def _unclipped(optimizer: Any) -> None:
    pass


def _clip_values(optimizer: Any) -> None:
    optimizer.take_gradients([one if one is None else one.clamp(-CLIP, CLIP) for one in optimizer._gradients])


def _clip_each(optimizer: Any) -> None:
    def clipped(one: Any) -> Any:
        return one * min(1.0, CLIP / (float(jt.sqrt((one * one).sum()).item()) + 1e-6))

    optimizer.take_gradients([one if one is None else clipped(one) for one in optimizer._gradients])


def _of_epochs(number: int, length: Length) -> float:
    return _cosine(number // length.steps * length.steps, length)


def _warm(number: int, length: Length) -> float:
    return min(1.0, (number + 1) / length.steps) * _cosine(number, length)


# SGD by Nesterov with decay


class Caffe(optim.SGD):
    """The rate is in the velocity."""

    def _update(self, var: Any, gradient: Any, group: Any, slots: Any) -> None:
        gradient = (gradient + var * group["weight_decay"]) * group["lr"]
        before = slots.get("momentum_buffer")
        slots["momentum_buffer"] = gradient if before is None else before * group["momentum"] + gradient
        var.update(var - (gradient + slots["momentum_buffer"] * group["momentum"]))


class Averaging(optim.SGD):
    """A mean of gradients in the place of their sum."""

    def _update(self, var: Any, gradient: Any, group: Any, slots: Any) -> None:
        gradient = gradient + var * group["weight_decay"]
        before = slots.get("momentum_buffer")
        share = group["momentum"]
        fresh = gradient * (1 - share)
        slots["momentum_buffer"] = fresh if before is None else before * share + fresh
        var.update(var - (gradient + slots["momentum_buffer"] * share) * group["lr"])


class Apart(optim.SGD):
    """The decay does not go through the momentum."""

    def _update(self, var: Any, gradient: Any, group: Any, slots: Any) -> None:
        start = var.clone()
        super()._update(var, gradient, {**group, "weight_decay": 0.0}, slots)
        var.update(var - start * (group["lr"] * group["weight_decay"]))


class Forgetful(optim.SGD):
    """A new optimiser in every step."""

    def _update(self, var: Any, gradient: Any, group: Any, slots: Any) -> None:
        slots.pop("momentum_buffer", None)
        super()._update(var, gradient, group, slots)


def _sgd(
    model: Any, length: Length, kind: Any = jt.optim.SGD, rate: float = SGD_RATE, **options: Any
) -> OwnTraining:
    given = {"lr": rate, "momentum": 0.9, "weight_decay": SMALL_DECAY, "nesterov": True, **options}
    optimizer = kind([{"params": model.parameters(), "lr": rate}], **given)
    return OwnTraining([optimizer], lambda number: _set(optimizer, [_stepped(rate, number, length)]))


def _biases_and_others(model: Any) -> tuple[list[Any], list[Any]]:
    biases = [value for name, value in model.named_parameters() if name.endswith("bias")]
    return biases, [value for name, value in model.named_parameters() if not name.endswith("bias")]


def _biases_apart(
    model: Any,
    length: Length,
    factor: float = 1.0,
    kind: Any = optim.SGD,
    others: Mapping[str, Any] | None = None,
    **options: Any,
) -> OwnTraining:
    """Biases in a group of their own."""
    biases, rest = _biases_and_others(model)
    groups = [
        {"params": rest, "lr": SGD_RATE, **(others or {})},
        {"params": biases, "lr": SGD_RATE * factor, **options},
    ]
    optimizer = kind(groups, lr=SGD_RATE, momentum=0.9, weight_decay=SMALL_DECAY, nesterov=True)

    def begin(number: int) -> None:
        rate = _stepped(SGD_RATE, number, length)
        _set(optimizer, [rate, rate * factor])

    return OwnTraining([optimizer], begin)


def _halved(model: Any, length: Length) -> OwnTraining:
    """Gradients are divided by the batch, which the loss has done already."""
    optimizer = optim.SGD(
        model.parameters(), lr=SGD_RATE, momentum=0.9, weight_decay=SMALL_DECAY, nesterov=True
    )

    def step() -> None:
        optimizer.take_gradients([one if one is None else one / 4 for one in optimizer._gradients])
        optimizer.step()

    return OwnTraining(
        [optimizer], lambda number: _set(optimizer, [_stepped(SGD_RATE, number, length)]), step
    )


# Two mistakes at once


def _two_of_adam(
    model: Any, length: Length, kind: Any, factor: float, decay: float, **options: Any
) -> OwnTraining:
    biases, others = _biases_and_others(model)
    groups = [{"params": others, "lr": ADAM_RATE}, {"params": biases, "lr": ADAM_RATE, "weight_decay": decay}]
    optimizer = kind(groups, lr=ADAM_RATE, weight_decay=1e-4, **options)

    def begin(number: int) -> None:
        rate = _stepped(ADAM_RATE, number, length)
        _set(optimizer, [rate, rate * factor])

    return OwnTraining([optimizer], begin)


TRAININGS: dict[str, Training] = {
    "adam": partial(_adam, optim.Adam),
    "native adam": partial(_adam, jt.optim.Adam),
    "native adam by default": lambda model, length: _by_adam(
        jt.optim.Adam([{"params": model.parameters(), "lr": ADAM_RATE}], lr=ADAM_RATE), length
    ),
    "eps inside": lambda model, length: _by_adam(
        Keras([{"params": model.parameters(), "lr": ADAM_RATE}], lr=ADAM_RATE, weight_decay=1e-4), length
    ),
    "counter ahead": partial(_adam, CountsTwice),
    "largest moment": partial(_adam, Largest),
    "one beta corrects both": partial(_adam, OneBeta),
    "another eps": partial(_adam, optim.Adam, eps=1e-7),
    "betas swapped": partial(_adam, optim.Adam, betas=(0.999, 0.9)),
    "another beta": partial(_adam, optim.Adam, betas=(0.9, 0.99)),
    "adamw": partial(_adam, optim.AdamW),
    "no decay": partial(_adam, optim.Adam, weight_decay=0.0),
    "matrices alone": _matrices_alone,
    "schedule elsewhere": partial(_scheduled, name="learning_rate"),
    "schedule early": partial(_scheduled, early=1),
    "schedule of another group": _native_scheduled,
    "groups": _adamw,
    "decay everywhere": partial(_adamw, groups=partial(_groups, decays=lambda name, value: True)),
    "one rate": partial(_adamw, groups=partial(_groups, head=1.0)),
    "unclipped": partial(_adamw, clip=_unclipped),
    "clipped by value": partial(_adamw, clip=_clip_values),
    "clipped each": partial(_adamw, clip=_clip_each),
    "clipped tenfold": partial(_adamw, clip=lambda optimizer: optimizer.clip_grad_norm(10 * CLIP)),
    "decay unscaled": partial(_adamw, kind=Unscaled),
    "coupled": partial(_adamw, kind=optim.Adam),
    "rate by epochs": partial(_adamw, share=_of_epochs),
    "down to zero": partial(_adamw, share=partial(_cosine, least=0.0)),
    "warm-up": partial(_adamw, share=_warm),
    "eps inside, biases twice": partial(_two_of_adam, kind=Keras, factor=2.0, decay=1e-4),
    "another eps, biases without decay": partial(
        _two_of_adam, kind=optim.Adam, factor=1.0, decay=0.0, eps=1e-5
    ),
    "unclipped and one rate": partial(_adamw, groups=partial(_groups, head=1.0), clip=_unclipped),
    "clipped each, decay everywhere": partial(
        _adamw, groups=partial(_groups, decays=lambda name, value: True), clip=_clip_each
    ),
    "unclipped, decay unscaled": partial(_adamw, kind=Unscaled, clip=_unclipped),
    "rate inside, biases twice": partial(_biases_apart, kind=Caffe, factor=2.0),
    "biases twice, weights without decay": partial(_biases_apart, factor=2.0, others={"weight_decay": 0.0}),
    "native sgd": _sgd,
    "no nesterov": partial(_sgd, nesterov=False),
    "rate inside": partial(_sgd, kind=Caffe),
    "momentum averages": partial(_sgd, kind=Averaging),
    "decay apart": partial(_sgd, kind=Apart),
    "sgd without decay": partial(_sgd, weight_decay=0),
    "forgetful": partial(_sgd, kind=Forgetful),
    "dampened": partial(_sgd, nesterov=False, dampening=0.9),
    "twice the rate": partial(_sgd, rate=2 * SGD_RATE),
    "biases twice": partial(_biases_apart, factor=2.0),
    "biases without decay": partial(_biases_apart, weight_decay=0.0),
    "mean of means": _halved,
    "another momentum": partial(_sgd, momentum=0.99),
}
