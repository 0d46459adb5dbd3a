from harness import seeded
from harness.pairs.base import Pair, Recipe, Variant


def draw_inputs(request):
    shape = (request.batch or 2, 20)
    rng = seeded.generator(request.seed, f"{request.tag}/cell")
    return {
        "place": seeded.tensor(request.seed, f"{request.tag}/place", (*shape, 3)),
        "cell": rng.integers(0, 8, shape),
        "target": seeded.tensor(request.seed, f"{request.tag}/target", (*shape, 4), "normal"),
    }


PAIR = Pair(
    name="points",
    title="A point cloud: neighbours are gathered, and points are added up into cells",
    variants={"small": Variant("small", "20 points, 4 neighbours, 8 cells")},
    reference="points_torch",
    port="points_jittor",
    draw_inputs=draw_inputs,
    forward=("place", "cell"),
    recipe=Recipe(optimizer="adam", lr=1e-3),
)
