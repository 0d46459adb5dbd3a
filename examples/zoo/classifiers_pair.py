"""The classifiers that come with Jittor, against torchvision's originals of the same names.

Each variant is a model. torchvision lives in an environment of its own: ALIGN_TORCH_PYTHON names it.
"""

from harness import seeded
from harness.pairs.base import Pair, Recipe, Variant
from harness.pairs.option import Option

CLASSES = 1000
SIZES = {
    "alexnet": (224, 224),
    **{f"vgg{depth}{norm}": (224, 224) for depth in (11, 13, 16, 19) for norm in ("", "_bn")},
    **{f"resnet{depth}": (64, 64) for depth in (18, 34, 50, 101, 152)},
    **dict.fromkeys(("resnext50_32x4d", "resnext101_32x8d"), (64, 64)),
    **dict.fromkeys(("wide_resnet50_2", "wide_resnet101_2"), (64, 64)),
    **dict.fromkeys(("squeezenet1_0", "squeezenet1_1"), (64, 64)),
    **{f"densenet{depth}": (64, 64) for depth in (121, 161, 169, 201)},
    "mobilenet_v2": (64, 64),
    **{f"mnasnet{width}": (64, 64) for width in ("0_5", "0_75", "1_0", "1_3")},
    **{f"shufflenet_v2_x{width}": (64, 64) for width in ("0_5", "1_0", "1_5", "2_0")},
    "googlenet": (128, 128),
    "inception_v3": (299, 299),  # its auxiliary head takes nothing smaller
}
HEADED = {"googlenet": (128, 128), "inception_v3": (128, 128)}
TORCHLIKE = Option("1 takes the batch norms of ports_jittor.torchlike, 0 Jittor's own", range(2))


def _variant(name, summary, **options):
    return Variant(name, summary, options={**options, "torchlike": 0}, choices={"torchlike": TORCHLIKE})


def _variants():
    found = {name: _variant(name, f"torchvision.models.{name}", model=name) for name in SIZES}
    for name in HEADED:
        one = f"{name}_one_head"
        found[one] = _variant(one, f"{name} without auxiliary heads", model=name, aux_logits=False)
    for width in ("0_5", "0_75", "1_3"):
        first = f"mnasnet{width}_first"
        found[first] = _variant(first, "as torchvision first had it", model=f"mnasnet{width}", version=1)
    return found


def draw_inputs(request):
    options = request.variant.options
    size = request.size or (HEADED if "aux_logits" in options else SIZES)[options["model"]]
    shape = (request.batch or (4 if size[0] <= 128 else 2), 3, *size)
    rng = seeded.generator(request.seed, f"{request.tag}/label")
    return {
        "image": seeded.tensor(request.seed, f"{request.tag}/image", shape, "normal"),
        "label": rng.integers(0, CLASSES, shape[0]),
    }


PAIR = Pair(
    name="classifiers",
    title="Jittor's own zoo of classifiers beside torchvision's",
    variants=_variants(),
    reference="classifiers_torch",
    port="classifiers_jittor",
    draw_inputs=draw_inputs,
    forward=("image",),
    recipe=Recipe(optimizer="sgd", lr=0.01, options={"momentum": 0.9}),
)
