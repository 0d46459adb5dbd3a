from harness import seeded
from harness.pairs.base import Pair, Recipe, Variant


def draw_inputs(request):
    batch = request.batch or 4
    rng = seeded.generator(request.seed, f"{request.tag}/label")
    shape = (batch, 3, *(request.size or (12, 12)))
    return {
        "image": seeded.tensor(request.seed, f"{request.tag}/image", shape, "normal"),
        "label": rng.integers(0, 4, batch),
    }


PAIR = Pair(
    name="dropping",
    title="Every kind of dropout: modules, a function, and a drop path of one's own",
    variants={"small": Variant("small", "8 channels")},
    reference="dropping_torch",
    port="dropping_jittor",
    draw_inputs=draw_inputs,
    forward=("image",),
    recipe=Recipe(optimizer="adamw", lr=1e-3),
)
