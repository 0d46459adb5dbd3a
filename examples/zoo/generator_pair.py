from harness import seeded
from harness.pairs.base import Pair, Recipe, Variant


def draw_inputs(request):
    batch = request.batch or 4
    return {
        "noise": seeded.tensor(request.seed, f"{request.tag}/noise", (batch, 8), "normal"),
        "image": seeded.tensor(request.seed, f"{request.tag}/image", (batch, 3, 32, 32), "normal"),
    }


PAIR = Pair(
    name="generator",
    title="The generator of a GAN: transposed convolutions, batch norms and a tanh",
    variants={"small": Variant("small", "8 numbers to 32 by 32 pixels")},
    reference="generator_torch",
    port="generator_jittor",
    draw_inputs=draw_inputs,
    forward=("noise",),
    recipe=Recipe(optimizer="adam", lr=2e-4),
)
