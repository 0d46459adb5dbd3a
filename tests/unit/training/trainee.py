"""A small pair that learns: a convolution, a norm and a head, trained in two groups."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Override, Pair, Recipe, Variant
from harness.pairs.recipe import Ema, Group

WHY = "zero in theory, as a norm follows"


def draw_inputs(request: InputRequest) -> Arrays:
    """Pictures and what the network shall make of them."""
    shape = (request.batch or 4, 3, *(request.size or (8, 8)))
    image = seeded.tensor(request.seed, f"{request.tag}/image", shape)
    target = seeded.tensor(request.seed, f"{request.tag}/target", (shape[0], 2, *shape[2:]))
    return {"image": image, "target": target}


def draw_lesson(request: InputRequest) -> Arrays:
    """Pictures, and two figures of each pixel that can be learned: the mean of its channels and the first."""
    image = draw_inputs(request)["image"]
    return {"image": image, "target": np.stack([image.mean(1), image[:, 0]], 1)}


def correlation(outputs: Arrays, inputs: Arrays) -> dict[str, float]:
    """Of what was told with what was to be told."""
    (found,) = outputs.values()
    return {"correlation": float(np.corrcoef(found.ravel(), inputs["target"].ravel())[0, 1])}


def pair(
    name: str, recipe: Recipe, draw: Callable[[InputRequest], Arrays] = draw_inputs, variant: str = "one"
) -> Pair:
    """The pair with a recipe."""
    return Pair(
        name=name,
        title="A small pair that learns",
        variants={variant: Variant(variant, "the only one")},
        reference="tests.unit.training.trainee_torch",
        port="tests.unit.training.trainee_jittor",
        draw_inputs=draw,
        metrics=correlation if draw is draw_lesson else None,
        forward=("image",),
        recipe=recipe,
        overrides=lambda variant, mode: (Override("grad:conv.bias", "absolute", WHY, atol=1e-6),),
    )


HEAD = Group("head", ("head.*",), factor=10)
REST = Group("rest", ("conv.*", "norm.*"))
ADAM = pair(
    "adam",
    Recipe(
        optimizer="adam",
        lr=1e-3,
        options={"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2},
        schedule="multistep",
        schedule_options={"milestones": (5,), "gamma": 0.1, "per": "step"},
        groups=(HEAD, REST),
        batch=4,
    ),
)
SGD = pair(
    "sgd",
    Recipe(
        optimizer="sgd",
        lr=0.05,
        options={"momentum": 0.9, "nesterov": True, "weight_decay": 1e-2},
        schedule="cosine",
        schedule_options={"per": "step", "warmup_steps": 3},
        groups=(HEAD, REST),
        accumulate=2,
        clip=0.5,
        ema=Ema(0.99, ramp=10),
        batch=4,
    ),
)
FROZEN = pair(
    "frozen",
    Recipe(optimizer="adamw", lr=1e-3, options={"weight_decay": 0.1}, groups=(HEAD,), batch=4),
)
LEARNS = pair("learns", Recipe(optimizer="adam", lr=5e-2, epochs=10, batch=4), draw_lesson)
TWICE = pair("twice", Recipe(optimizer="sgd", lr=0.05, options={"momentum": 0.9}, batch=4), variant="twice")
