from harness import seeded
from harness.pairs.base import Pair, Recipe, Variant


def draw_inputs(request):
    batch = request.batch or 2
    return {
        "image": seeded.tensor(request.seed, f"{request.tag}/image", (batch, 3, 32, 32), "normal"),
        "target": seeded.tensor(request.seed, f"{request.tag}/target", (batch, 8, 8, 12), "normal"),
    }


PAIR = Pair(
    name="swin",
    title="Two Swin blocks: attention in windows, shifted in the second, with a table of relative places",
    variants={"small": Variant("small", "8 by 8 patches, windows of 4 by 4")},
    reference="swin_torch",
    port="swin_jittor",
    draw_inputs=draw_inputs,
    forward=("image",),
    recipe=Recipe(optimizer="adamw", lr=1e-3),
)
