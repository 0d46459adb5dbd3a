"""The pair: a variant for each fault of each model."""

from __future__ import annotations

from collections.abc import Iterator

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant


def draw_inputs(request: InputRequest) -> Arrays:
    return {"x": seeded.tensor(request.seed, "x", (5, 5, 6))}


def _variants() -> Iterator[Variant]:
    from tests.mutants.odd.networks import ODD

    for model, kind in ODD.items():
        for fault in ("", *kind.faults):
            name = f"{model}.{fault}"
            yield Variant(name, name, options={"model": model, "fault": fault})


PAIR = Pair(
    name="odd",
    title="Small models of odd forms",
    variants={variant.name: variant for variant in _variants()},
    reference="tests.mutants.odd.reference",
    port="tests.mutants.odd.port",
    draw_inputs=draw_inputs,
    forward=("x",),
    recipe=Recipe(optimizer="sgd", lr=0.1),
)
