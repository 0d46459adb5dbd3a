"""Hypotheses: the port's optimiser has another formula than torch's, such as eps inside the root.

torch's optimisers cannot be told to compute so. The step of a parameter is worked out here in float64 from
what it was given, with one or two things of torch's formula changed. To add a hypothesis, add a field to
`Formula` and its words to `_changes`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness.diagnose.optimisers import OF_KIND, VALUES

Array = NDArray[Any]
Changed = dict[str, Any]
_DEFAULTS: dict[str, dict[str, Any]] = {
    "adam": {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0},
    "adamw": {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2},
    "sgd": {"momentum": 0.0, "dampening": 0.0, "weight_decay": 0.0, "nesterov": False},
}
_RATES = (10.0, 0.1, 2.0, 0.5, 100.0, 0.01)


@dataclass(frozen=True)
class Given:
    """What the step of one parameter is given; `options` are those of its group in this pass."""

    value: Array
    gradient: Array
    slots: Mapping[str, Array]
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """What the step makes of it; a slot that a formula says nothing of is missing."""

    update: Array
    slots: dict[str, Array]


@dataclass(frozen=True)
class Formula:
    """How a step is computed; as torch does by default.

    `options` replace those given, `rate` multiplies the rate. `decay` says what the decay changes, and
    `grows` that it has the opposite sign. `root` says where eps stands, `early` that it is added before the
    bias correction. The correction counts `counted` steps too many, and `corrects` some moments alone. With
    `summed` the first moment adds whole gradients, with `weighted` momentum takes the share 1 - momentum of
    each, with `inside` it holds the rate; with `late` a step uses what was remembered before it.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    rate: float = 1.0
    grows: bool = False
    decay: Literal["", "gradient", "parameter", "parameter, without the rate", "result", "momentum"] = ""
    root: Literal["outside", "inside"] = "outside"
    early: bool = False
    counted: int = 0
    corrects: tuple[bool, bool] = (True, True)
    summed: bool = False
    weighted: bool = False
    inside: bool = False
    late: bool = False

    def made(self, kind: str, given: Given) -> Made | None:
        """The step of one parameter; None where the formula has no sense there."""
        options = {**_DEFAULTS[kind], **given.options, **self.options}
        rate = self.rate * options["lr"]
        place = self.decay or ("parameter" if kind == "adamw" else "gradient")
        decay = options["weight_decay"] * (-1 if self.grows else 1)
        start, gradient = given.value, given.gradient
        if place == "gradient":
            gradient = gradient + decay * start
        if place.startswith("parameter"):
            start = start * (1 - decay * (1 if "without" in place else rate))
        way = (_sgd if kind == "sgd" else _adam)(
            self, replace(given, gradient=gradient, options=options), rate
        )
        if way is None:
            return None
        far, slots = way
        if place == "momentum":
            far = far + rate * decay * start
        end = start - far
        if place == "result":
            end = end * (1 - rate * decay)
        return Made(end - given.value, slots)


def _adam(formula: Formula, given: Given, rate: float) -> tuple[Array, dict[str, Array]] | None:
    first, second = given.options["betas"]
    eps, gradient = given.options["eps"], given.gradient
    zero = np.zeros_like(gradient)
    mean, square = (given.slots.get(name, zero) for name in ("exp_avg", "exp_avg_sq"))
    count = int(given.slots.get("step", np.array(0))) + 1
    new_mean = first * mean + (1.0 if formula.summed else 1 - first) * gradient
    new_square = second * square + (1 - second) * gradient * gradient
    used = (mean, square) if formula.late else (new_mean, new_square)
    counted = count + formula.counted
    if counted < 1:
        return None
    scales = [
        1 - beta**counted if corrects else 1.0
        for beta, corrects in zip((first, second), formula.corrects, strict=True)
    ]
    slots = {"exp_avg": new_mean, "exp_avg_sq": new_square}
    if not formula.counted:
        slots["step"] = np.array(count)
    with np.errstate(all="ignore"):
        return rate * used[0] / scales[0] / _root(formula, used[1], scales[1], eps), slots


def _root(formula: Formula, square: Array, scale: float, eps: float) -> Array:
    """What an Adam divides by."""
    inside = eps if formula.root == "inside" else 0.0
    outside = 0.0 if formula.root == "inside" else eps
    if formula.early:
        return np.asarray((np.sqrt(square + inside) + outside) / math.sqrt(scale))
    return np.asarray(np.sqrt(square / scale + inside) + outside)


def _sgd(formula: Formula, given: Given, rate: float) -> tuple[Array, dict[str, Array]]:
    momentum, gradient = given.options["momentum"], given.gradient
    share = 1 - momentum if formula.weighted else 1 - given.options["dampening"]
    if not momentum:
        return rate * gradient, {}
    before = given.slots.get("momentum_buffer")
    scale = rate if formula.inside else 1.0
    old = np.zeros_like(gradient) if before is None else before
    spared = before is None and not formula.weighted  # torch's first step is not dampened
    new = momentum * old + (1.0 if spared else share) * scale * gradient
    used = old if formula.late else new
    far = scale * gradient + momentum * used if given.options["nesterov"] else used
    return (far if formula.inside else rate * far), {"momentum_buffer": new}


def single_changes(kind: str, groups: Sequence[Mapping[str, Any]]) -> list[tuple[str, Changed]]:
    """One change of the formula, in words; `groups` are the options of each group."""
    return list(_changes(kind, [{**_DEFAULTS[kind], **options} for options in groups]))


def formulas(kind: str, groups: Sequence[Mapping[str, Any]]) -> Iterator[Iterator[tuple[str, Formula]]]:
    """Formulas in words: first those with one change, then those with two; `groups` are their options."""
    single = single_changes(kind, groups)
    yield ((words, Formula(**change)) for words, change in single)
    yield (
        (f"{words}, and {more}", Formula(**both))
        for (words, one), (more, other) in combinations(single, 2)
        if (both := both_changes(one, other)) is not None
    )


def both_changes(one: Changed, other: Changed) -> Changed | None:
    """Two changes at once, if they change different things."""
    options = {**one.get("options", {}), **other.get("options", {})}
    if len(options) < len(one.get("options", {})) + len(other.get("options", {})):
        return None
    if (one.keys() & other.keys()) - {"options"}:
        return None
    return {**one, **other, **({"options": options} if options else {})}


def _changes(kind: str, groups: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Changed]]:
    yield from _of_sgd() if kind == "sgd" else _of_adam()
    yield from _of_decay(kind, groups)
    for name in OF_KIND[kind]:
        now = [options[name] for options in groups]
        for value in dict.fromkeys([*VALUES[name], *now]):
            if any(value != one for one in now):
                yield f"{name} is {value}", {"options": {name: value}}
    for rate in _RATES:
        yield f"the learning rate is taken {rate:g} times", {"rate": rate}


def _of_adam() -> Iterator[tuple[str, Changed]]:
    yield "eps is inside the root", {"root": "inside"}
    yield "eps is added before the bias correction", {"early": True}
    yield "eps is inside the root, before the bias correction", {"root": "inside", "early": True}
    yield "the bias correction counts one step too many", {"counted": 1}
    yield "the bias correction counts one step too few", {"counted": -1}
    yield "there is no bias correction", {"corrects": (False, False)}
    yield "only the first moment is corrected for its bias", {"corrects": (True, False)}
    yield "only the second moment is corrected for its bias", {"corrects": (False, True)}
    yield "the first moment adds whole gradients, not their share 1 - beta", {"summed": True}
    yield "the step uses the moments before this gradient", {"late": True}


def _of_sgd() -> Iterator[tuple[str, Changed]]:
    yield "the learning rate is inside the momentum", {"inside": True}
    yield "momentum takes the share 1 - momentum of each gradient", {"weighted": True}
    yield "the step uses the momentum before this gradient", {"late": True}


def _of_decay(kind: str, groups: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Changed]]:
    if not any(options["weight_decay"] for options in groups):
        return
    words = {
        "gradient": "the decay is part of the gradient",
        "parameter": "the decay is apart from the gradient",
        "parameter, without the rate": "the decay is apart from the gradient, and the rate does not scale it",
        "momentum": "the decay is added after the momentum",
        "result": "the decay comes after the step",
    }
    for place, said in words.items():
        if place != ("parameter" if kind == "adamw" else "gradient"):
            yield said, {"decay": place}
    yield "the decay has the opposite sign", {"grows": True}
