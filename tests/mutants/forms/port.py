"""The port, in torch too: one part of it has another shape, or learns or does not where it should."""

from __future__ import annotations

from torch import nn

from tests.mutants.forms.reference import Forms
from tests.mutants.forms.reference import losses as losses


def build(variant: str, fault: str) -> nn.Module:
    model = Forms()
    if fault == "padding":
        model.conv.padding = (0,)
    if fault == "learns":
        model.fixed.requires_grad_(True)
    if fault == "frozen":
        model.head.requires_grad_(False)
    return model
