"""The port, in torch too: each model with the fault of the variant."""

from __future__ import annotations

from torch import nn

from tests.mutants.odd.networks import ODD
from tests.mutants.odd.reference import losses as losses


def build(variant: str, model: str, fault: str) -> nn.Module:
    return ODD[model](fault)
