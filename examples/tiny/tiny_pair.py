from harness import seeded
from harness.pairs.base import Override, Pair, Recipe, Variant


def draw_inputs(request):
    batch = request.batch or 1
    height, width = request.size or (32, 32)
    return {
        "image": 2 + seeded.tensor(request.seed, f"{request.tag}/image", (batch, 3, height, width)),
        "target": seeded.tensor(request.seed, f"{request.tag}/target", (batch, 1, height, width), "binary"),
    }


def overrides(variant, mode):
    if mode != "train":
        return ()
    why = "a batch norm takes the mean away again, so this gradient is zero in theory"
    return (Override("grad:conv.bias", "absolute", why, atol=1e-6),)


PAIR = Pair(
    name="tiny",
    title="A convolution, a batch norm and a head",
    variants={
        "small": Variant("small", "8 channels", options={"width": 8}),
        "wide": Variant("wide", "32 channels", options={"width": 32}),
    },
    reference="tiny_torch",
    port="tiny_jittor",
    draw_inputs=draw_inputs,
    forward=("image",),
    recipe=Recipe(optimizer="sgd", lr=0.01, options={"momentum": 0.9}),
    overrides=overrides,
)
