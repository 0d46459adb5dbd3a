from harness import seeded
from harness.pairs.base import Pair, Recipe, Variant


def draw_inputs(request):
    rng = seeded.generator(request.seed, f"{request.tag}/rows")
    shape = (request.batch or 3, 6)
    present = rng.integers(0, 2, shape)
    present[:, :2] = 1
    return {"kind": rng.integers(0, 7, shape), "count": rng.integers(0, 9, shape), "present": present}


PAIR = Pair(
    name="mixed",
    title="Whole numbers as inputs, operations in place, outputs in dicts, lists and tuples",
    variants={"small": Variant("small", "6 rows of 10 channels")},
    reference="mixed_torch",
    port="mixed_jittor",
    draw_inputs=draw_inputs,
    forward=("kind", "count", "present"),
    recipe=Recipe(optimizer="sgd", lr=0.1),
)
