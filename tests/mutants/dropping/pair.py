"""The pair: one variant for each model, and for each fault in one."""

from __future__ import annotations

from dataclasses import replace

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant

FAULTS = {
    "mlp": ("relu", "scaled", "eps", "rate", "missing", "unscaled", "before"),
    "functional": ("relu", "scaled", "rate", "missing", "before", "always"),
    "channels": ("scaled", "rate", "missing", "elements"),
    "encoder": ("relu", "eps", "rate", "attention"),
    "recurrent": ("scaled",),
    "path": ("scaled", "rate", "missing", "unscaled", "elements"),
    "residual": ("rate", "unscaled"),
    "reversed": ("scaled", "rate", "missing", "unscaled", "elements"),
}
NAMES = [f"{model} {fault}".strip() for model, faults in FAULTS.items() for fault in ("", *faults)]


def draw_inputs(request: InputRequest) -> Arrays:
    return {"x": seeded.tensor(request.seed, "x", (4, 5, 16), "normal")}


def _variant(name: str) -> Variant:
    model, _, fault = name.partition(" ")
    return Variant(name, f"{model} {fault or 'as it is'}", options={"model": model, "fault": fault})


PAIR = Pair(
    name="dropping_small",
    title="Small models that drop in training",
    variants={name: _variant(name) for name in [*NAMES, "moved"]},
    reference="tests.mutants.dropping.reference",
    port="tests.mutants.dropping.port",
    draw_inputs=draw_inputs,
    forward=("x",),
    recipe=Recipe(optimizer="sgd", lr=0.1),
)
IN_JITTOR = replace(PAIR, port="tests.mutants.dropping.jittor_port")
