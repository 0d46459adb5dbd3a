from harness import seeded
from harness.pairs.base import Pair, Recipe, Variant


def draw_inputs(request):
    rng = seeded.generator(request.seed, f"{request.tag}/tokens")
    shape = (7, request.batch or 3)
    return {"tokens": rng.integers(0, 30, shape), "next": rng.integers(0, 30, shape)}


PAIR = Pair(
    name="recurrent",
    title="An embedding, an LSTM of two layers with dropout between, a GRU of two directions",
    variants={"small": Variant("small", "30 words, 12 channels")},
    reference="recurrent_torch",
    port="recurrent_jittor",
    draw_inputs=draw_inputs,
    forward=("tokens",),
    recipe=Recipe(optimizer="adam", lr=1e-3),
)
