from harness import seeded
from harness.pairs.base import Pair, Recipe, Variant


def draw_inputs(request):
    rng = seeded.generator(request.seed, f"{request.tag}/tokens")
    shape = (request.batch or 2, 12)
    return {"tokens": rng.integers(0, 40, shape), "target": rng.integers(0, 40, shape)}


PAIR = Pair(
    name="tied_lm",
    title="A language model whose embedding and head are one tensor, with a single number as temperature",
    variants={"small": Variant("small", "40 words, 16 channels")},
    reference="tied_lm_torch",
    port="tied_lm_jittor",
    draw_inputs=draw_inputs,
    forward=("tokens",),
    recipe=Recipe(optimizer="adamw", lr=1e-3),
)
