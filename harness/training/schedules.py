"""Learning rates as shares of the recipe's own, by the name of the schedule.

A schedule is a function of where a training stands, so a training can go on anywhere. `now` counts epochs, or
passes where the option `per` says step, and `last` is how many there are; the option `first` is the number
that the first one has.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any

from harness.errors import BadInput
from harness.pairs.recipe import Length

Options = Mapping[str, Any]
Share = Callable[[float, float, Options], float]
PER_STEP = ("poly",)  # all others change with the epoch unless they are told otherwise
_WARM_UP = ("warmup_steps", "warmup_epochs", "warmup_start")


def _multistep(now: float, last: float, options: Options) -> float:
    return float(options.get("gamma", 0.1) ** bisect_right(sorted(options["milestones"]), now))


def _step(now: float, last: float, options: Options) -> float:
    return float(options.get("gamma", 0.1) ** (now // options["size"]))


def _exponential(now: float, last: float, options: Options) -> float:
    return float(options["gamma"] ** now)


def _poly(now: float, last: float, options: Options) -> float:
    return float(max(0.0, 1 - now / last) ** options.get("power", 1.0))


def _cosine(now: float, last: float, options: Options) -> float:
    end = options.get("final_share", 0.0)
    return float(end + (1 - end) * (1 + math.cos(math.pi * now / last)) / 2)


def _linear(now: float, last: float, options: Options) -> float:
    end = options.get("final_share", 0.0)
    return float(1 + (end - 1) * now / last)


# Each schedule with the options that it knows, those it needs first.
SCHEDULES: dict[str, tuple[Share, tuple[str, ...], tuple[str, ...]]] = {
    "constant": (lambda now, last, options: 1.0, (), ()),
    "multistep": (_multistep, ("milestones",), ("gamma",)),
    "step": (_step, ("size",), ("gamma",)),
    "exponential": (_exponential, ("gamma",), ()),
    "poly": (_poly, (), ("power",)),
    "cosine": (_cosine, (), ("final_share",)),
    "linear": (_linear, (), ("final_share",)),
}


def check(name: str, options: Options) -> None:
    """Refuse a schedule that is not known, or options that are not its own."""
    if name not in SCHEDULES:
        raise BadInput(f"the recipe's schedule is {name!r}; it should be one of {', '.join(SCHEDULES)}")
    _, needed, more = SCHEDULES[name]
    allowed = (*needed, *more, "per", "first", *_WARM_UP)
    for option in options:
        if option not in allowed:
            raise BadInput(f"the schedule {name} has no option {option!r}; it has {', '.join(allowed)}")
    for option in needed:
        if option not in options:
            raise BadInput(f"the schedule {name} needs the option {option!r}")
    if options.get("per", "step") not in ("step", "epoch"):
        raise BadInput(f"the schedule's option per is {options['per']!r}; it should be step or epoch")


def per_step(name: str, options: Options) -> bool:
    """Whether a schedule changes with the pass, not with the epoch."""
    return bool(options.get("per", "step" if name in PER_STEP else "epoch") == "step")


def warm_up(options: Options, length: Length) -> int:
    """How many passes warm up."""
    return int(options.get("warmup_steps", round(options.get("warmup_epochs", 0) * length.steps)))


def share(name: str, options: Options, length: Length, number: int) -> float:
    """How much of the recipe's rate a pass has."""
    by_step = per_step(name, options)
    now = (number if by_step else length.place(number)[0]) + options.get("first", 0)
    found = SCHEDULES[name][0](now, length.passes if by_step else length.epochs, options)
    warm = warm_up(options, length)
    if number >= warm:
        return found
    start = options.get("warmup_start", 0.0)
    return float(found * (start + (1 - start) * (number + 1) / warm))


def events(name: str, options: Options, length: Length) -> dict[str, int]:
    """The passes at which a schedule does something that it did not do before."""
    unit = 1 if per_step(name, options) else length.steps
    found = {f"milestone {m}": m * unit for m in options.get("milestones", ())}
    if warm := warm_up(options, length):
        found["end of the warm-up"] = warm
    return found
