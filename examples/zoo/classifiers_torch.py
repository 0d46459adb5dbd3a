from torch.nn import functional as F
from torchvision import models


def build(variant, model, **options):
    if model in ("googlenet", "inception_v3"):
        options["init_weights"] = False
    return getattr(models, model)(**options)


def losses(outputs, inputs):
    logits = outputs[0] if isinstance(outputs, tuple) else outputs
    return {"cross_entropy": F.cross_entropy(logits, inputs["label"])}
