"""Hypotheses: the optimiser is made or used otherwise than the recipe says.

To add one, add the values worth trying to a table, or a deviation to `_uses`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.deviation import Deviation

VALUES: dict[str, tuple[Any, ...]] = {
    "eps": (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-15),
    "betas": ((0.9, 0.999), (0.9, 0.99), (0.999, 0.9), (0.99, 0.999), (0.5, 0.999), (0.0, 0.999), (0.9, 0.9)),
    "weight_decay": (0.0, 1e-5, 1e-4, 5e-4, 1e-3, 5e-3, 1e-2),
    "momentum": (0.0, 0.5, 0.9, 0.937, 0.95, 0.99),
    "nesterov": (False, True),
    "dampening": (0.9, 0.5),
}
OF_KIND = {
    "adam": ("eps", "betas", "weight_decay"),
    "adamw": ("eps", "betas", "weight_decay"),
    "sgd": ("momentum", "nesterov", "weight_decay", "dampening"),
}
OTHERS = {"adam": "adamw", "adamw": "adam"}
LONG_AGO = 1_000_000


def deviations(kind: str, options: Mapping[str, Any], wrong: list[str]) -> Iterator[tuple[str, Deviation]]:
    """Deviations worth trying, each in words; `wrong` names the parameters that are not right."""
    if len(wrong) == 1:
        yield f"the reference's without {wrong[0]}, which is not updated", Deviation(left_out=wrong[0])
    yield from _uses(kind)
    for name in OF_KIND.get(kind, ()):
        for value in VALUES[name]:
            if value != options.get(name):
                more = {"dampening": 0.0, "nesterov": False} if name == "dampening" else {}
                change = {**more, name: value}
                if name == "momentum" and not value:
                    change["nesterov"] = False
                yield f"the reference's with {name}={value}", Deviation(options=change)
    if other := OTHERS.get(kind):
        yield f"the reference's with {other} in the place of {kind}", Deviation(kind=other)


def _uses(kind: str) -> Iterator[tuple[str, Deviation]]:
    yield "the reference's with the learning rate one step late", Deviation(lag=1)
    yield "the reference's with the learning rate one step early", Deviation(lag=-1)
    if kind != "sgd":
        yield "the reference's without the bias correction", Deviation(begun=LONG_AGO)
        yield "the reference's with eps added before the bias correction", Deviation(corrected_eps=True)
    yield "the reference's with gradients that are never cleared", Deviation(accumulate=True)
    yield "the reference's without the first step", Deviation(skipped=1)
    for rate in (10.0, 0.1, 2.0, 0.5, 100.0, 0.01):
        yield f"the reference's with the learning rate times {rate:g}", Deviation(rate=rate)
