"""A pair of small models, with one variant for each fault of its port."""

from __future__ import annotations

from collections.abc import Sequence

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant


def faulty_pair(name: str, title: str, faults: Sequence[str], shape: tuple[int, ...]) -> Pair:
    """The pair of a folder of its name, whose models are given one tensor of a shape."""

    def draw_inputs(request: InputRequest) -> Arrays:
        return {"x": seeded.tensor(request.seed, "x", shape)}

    return Pair(
        name=name,
        title=title,
        variants={
            fault or "sound": Variant(fault or "sound", fault or "as it is", options={"fault": fault})
            for fault in faults
        },
        reference=f"tests.mutants.{name}.reference",
        port=f"tests.mutants.{name}.port",
        draw_inputs=draw_inputs,
        forward=("x",),
        recipe=Recipe(optimizer="sgd", lr=0.1),
    )
