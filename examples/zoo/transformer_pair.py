from harness import seeded
from harness.pairs.base import Pair, Recipe, Variant


def draw_inputs(request):
    rng = seeded.generator(request.seed, f"{request.tag}/tokens")
    batch = request.batch or 3
    return {"tokens": rng.integers(0, 50, (batch, 11)), "label": rng.integers(0, 5, batch)}


PAIR = Pair(
    name="transformer",
    title="A transformer encoder with dropout in its attention and around it",
    variants={"small": Variant("small", "2 layers of 16 channels and 4 heads")},
    reference="transformer_torch",
    port="transformer_jittor",
    draw_inputs=draw_inputs,
    forward=("tokens",),
    recipe=Recipe(optimizer="adamw", lr=1e-3),
)
