"""The pair, with a recipe for each optimiser, and a variant for each training of the port."""

from __future__ import annotations

from dataclasses import dataclass

from harness import seeded
from harness.pairs.base import Arrays, InputRequest, Pair, Recipe, Variant
from harness.pairs.recipe import Group


@dataclass(frozen=True)
class Mistake:
    """What a training of the port does otherwise; `says` has patterns of right causes, where one is known."""

    name: str
    says: tuple[str, ...] = ()


OF_ADAM = (
    Mistake("native adam", ("eps is added before",)),
    Mistake("native adam by default", ("eps is added before.* weight_decay is 0",)),
    Mistake("eps inside", ("eps is inside the root",)),
    Mistake("counter ahead", ("one step too many",)),
    Mistake("largest moment"),
    Mistake("one beta corrects both"),
    Mistake("another eps", ("eps is 1e-07",)),
    Mistake("betas swapped", (r"betas is \(0.999, 0.9\)",)),
    Mistake("another beta", (r"betas is \(0.9, 0.99\)",)),
    Mistake("adamw", ("adamw stands in the place",)),
    Mistake("no decay", ("weight_decay is 0",)),
    Mistake("matrices alone", ("not updated",)),
    Mistake("schedule elsewhere", ("stay as in the first step",)),
    Mistake("schedule early", ("1 steps early",)),
    Mistake("schedule of another group", ("stay as in the first step", "weight_decay is 0")),
    Mistake("eps inside, biases twice", ("eps is inside the root.*taken 2 times of every bias",)),
    Mistake("another eps, biases without decay", ("eps is 1e-05.*weight_decay is 0.* of every bias",)),
)
OF_ADAMW = (
    Mistake("decay everywhere", ("weight_decay is 0.05", "weight_decay is")),
    Mistake("one rate", ("rate is taken 0.1 times in the group head", "rate is taken 0.1 times")),
    Mistake("unclipped", ("not clipped",)),
    Mistake("clipped by value", ("each element",)),
    Mistake("clipped each", ("by itself",)),
    Mistake("clipped tenfold", ("norm of 1",)),
    Mistake("decay unscaled", ("rate does not scale",)),
    Mistake("coupled", ("adam stands in the place", "part of the gradient")),
    Mistake("rate by epochs"),
    Mistake("down to zero"),
    Mistake("warm-up"),
    Mistake("unclipped and one rate", ("not clipped.*taken 0.1 times in the group head",)),
    Mistake("clipped each, decay everywhere", ("by itself.*weight_decay is 0.05",)),
    Mistake("unclipped, decay unscaled", ("not clipped.*rate does not scale",)),
)
OF_SGD = (
    Mistake("no nesterov", ("nesterov is False",)),
    Mistake("rate inside", ("rate is inside the momentum",)),
    Mistake("momentum averages", ("share 1 - momentum",)),
    Mistake("decay apart", ("apart from the gradient", "after the momentum")),
    Mistake("sgd without decay", ("weight_decay is 0",)),
    Mistake("forgetful", ("remembered is lost",)),
    Mistake("dampened", ("dampening|share 1 - momentum",)),
    Mistake("twice the rate", ("taken 2 times",)),
    Mistake("biases twice", ("taken 2 times",)),
    Mistake("biases without decay", ("weight_decay is 0",)),
    Mistake("mean of means", ("multiplied by 0.25",)),
    Mistake("another momentum", ("momentum is 0.99",)),
    Mistake("rate inside, biases twice", ("rate is inside the momentum.*taken 2 times of every bias",)),
    Mistake(
        "biases twice, weights without decay",
        ("weight_decay is 0.*taken 2 times|taken 2 times.*weight_decay is 0",),
    ),
)


def draw_inputs(request: InputRequest) -> Arrays:
    """Pictures, and what shall come out."""
    batch = request.batch or 4
    image = seeded.tensor(request.seed, f"{request.tag}/image", (batch, 3, *(request.size or (8, 8))))
    return {"image": image, "target": seeded.tensor(request.seed, f"{request.tag}/target", (batch, 4))}


def _pair(name: str, recipe: Recipe, sound: str, mistakes: tuple[Mistake, ...]) -> Pair:
    return Pair(
        name=name,
        title=f"A small network trained by {name}",
        variants={
            one: Variant(one, "a training of the port", options={"training": one})
            for one in (sound, *(mistake.name for mistake in mistakes))
        },
        reference="tests.mutants.steps.reference",
        port="tests.mutants.steps.port",
        draw_inputs=draw_inputs,
        forward=("image",),
        recipe=recipe,
    )


_STEPPED = {"schedule": "multistep", "schedule_options": {"milestones": (2,), "gamma": 0.1}}
_DECAY = {"weight_decay": 0.05}
ADAM = _pair(
    "adam",
    Recipe("adam", lr=1e-3, options={"weight_decay": 1e-4}, epochs=4, batch=4, **_STEPPED),
    "adam",
    OF_ADAM,
)
ADAMW = _pair(
    "adamw",
    Recipe(
        "adamw",
        lr=5e-4,
        options={"weight_decay": 0.0},
        schedule="cosine",
        schedule_options={"final_share": 0.05, "per": "step"},
        groups=(
            Group("head", ("head.weight",), factor=10, options=_DECAY),
            Group("bias of the head", ("head.bias",), factor=10),
            Group("matrices", ("conv.weight",), options=_DECAY),
            Group("others"),
        ),
        epochs=4,
        batch=4,
        clip=0.1,
    ),
    "groups",
    OF_ADAMW,
)
SGD = _pair(
    "sgd",
    Recipe(
        "sgd",
        lr=0.05,
        options={"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4},
        epochs=4,
        batch=4,
        **_STEPPED,
    ),
    "native sgd",
    OF_SGD,
)
