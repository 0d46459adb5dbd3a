"""CPANet in PyTorch: the reference, pinned to the published network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from harness.pairs.cpanet.switches import switches
from refs_torch.cpanet.network import CPANet


def build(variant: str, backbone: str, shots: int = 1, bn3_scale: float = 1.0, **options: Any) -> CPANet:
    """The network with a backbone and switches, with the weights its constructor gives it.

    It takes any number of shots: `shots` is for whoever draws its inputs, `bn3_scale` for its weights.
    """
    return CPANet(backbone, switches(**options))


def losses(outputs: Mapping[str, Any], inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The loss that training minimises, which the network itself computes, and its parts."""
    found = {name: outputs[name] for name in ("total", "main", "aux") if name in outputs}
    return {**found, **{f"supp{shot}": loss for shot, loss in enumerate(outputs.get("supp", ()))}}
