from harness import seeded
from harness.pairs.base import Pair, Recipe, Variant


def draw_inputs(request):
    batch = request.batch or 2
    rng = seeded.generator(request.seed, f"{request.tag}/label")
    return {
        "image": seeded.tensor(request.seed, f"{request.tag}/image", (batch, 3, *(request.size or (32, 32)))),
        "label": rng.integers(0, 5, (batch, 6)),
        "boxes": seeded.tensor(request.seed, f"{request.tag}/boxes", (batch, 6, 4)),
    }


PAIR = Pair(
    name="detector",
    title="A detector whose queries look at the image by deformable attention; its outputs are nested",
    variants={"small": Variant("small", "6 queries, 2 layers of 2 heads")},
    reference="detector_torch",
    port="detector_jittor",
    draw_inputs=draw_inputs,
    forward=("image",),
    recipe=Recipe(optimizer="adamw", lr=1e-3),
)
