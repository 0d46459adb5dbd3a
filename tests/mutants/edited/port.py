"""The edited ports; the variant says which edit."""

from __future__ import annotations

from typing import Any

from jittor import nn

from tests.mutants.edited.edit import MODELS, edited
from tests.mutants.edited.pair import EDITS


def build(variant: str, **options: Any) -> nn.Module:
    name = variant.partition("[")[0]
    edit = next(edit for edit in EDITS if edit.full_name == name)
    module = edited(edit, corrected=bool(options.pop("torchlike", 0)))
    if not edit.port.startswith(MODELS):
        model = module.build("small")
        model.__dict__["losses"] = module.losses
        return model
    import classifiers_jittor

    model = getattr(module, options.pop("model"))(**options)
    model.__dict__["losses"] = classifiers_jittor.losses
    return model
