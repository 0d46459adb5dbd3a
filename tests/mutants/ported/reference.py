"""The references: the networks as they are."""

from __future__ import annotations

from torch import nn

from tests.mutants.ported.port import CLASSES


def build(variant: str, network: str, wrong: str) -> nn.Module:
    return CLASSES[network]("")
