from harness import seeded
from harness.pairs.base import Pair, Recipe, Variant


def draw_inputs(request):
    batch = request.batch or 2
    shape = (batch, 3, *(request.size or (16, 16)))
    steps = seeded.generator(request.seed, f"{request.tag}/step").integers(0, 1000, batch)
    return {
        "image": seeded.tensor(request.seed, f"{request.tag}/image", shape, "normal"),
        "step": steps.astype("float32"),
        "noise": seeded.tensor(request.seed, f"{request.tag}/noise", shape, "normal"),
    }


PAIR = Pair(
    name="diffusion",
    title="A diffusion UNet: group norms, an embedding of time, attention over pixels",
    variants={"small": Variant("small", "8 channels, one level")},
    reference="diffusion_torch",
    port="diffusion_jittor",
    draw_inputs=draw_inputs,
    forward=("image", "step"),
    recipe=Recipe(optimizer="adamw", lr=1e-3),
)
