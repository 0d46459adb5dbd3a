"""The pair, with a recipe for each optimiser, and a variant for each training of the port."""

from __future__ import annotations

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant


def draw_inputs(request: InputRequest) -> Arrays:
    """Pictures, and what shall come out."""
    batch = request.batch or 4
    image = seeded.tensor(request.seed, f"{request.tag}/image", (batch, 3, *(request.size or (8, 8))))
    return {"image": image, "target": seeded.tensor(request.seed, f"{request.tag}/target", (batch, 4))}


def _pair(name: str, recipe: Recipe, trainings: tuple[str, ...]) -> Pair:
    return Pair(
        name=name,
        title=f"A small network trained by {name}",
        variants={one: Variant(one, "a training of the port", options={"training": one}) for one in trainings},
        reference="tests.mutants.steps.reference",
        port="tests.mutants.steps.port",
        draw_inputs=draw_inputs,
        forward=("image",),
        recipe=recipe,
    )


ADAM = _pair(
    "adam",
    Recipe(
        "adam",
        lr=1e-3,
        options={"weight_decay": 1e-4},
        schedule="multistep",
        schedule_options={"milestones": (2,), "gamma": 0.1},
        epochs=4,
        batch=4,
    ),
    ("adam", "native_adam"),
)
