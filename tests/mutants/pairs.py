"""Pairs whose port has one planted mistake, and where each must be found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from harness.pairs.base import Pair
from harness.pairs.l2sknet.pair import PAIR

SOUND = ("other_sums",)


@dataclass(frozen=True)
class Mutant:
    """A planted mistake: its port, the variant and mode that show it.

    `first` is the address where the whole run must diverge first, `layer` the one that must be found to
    make the error, run alone, and `cause` is in the sentence that must explain it.
    """

    name: str
    variant: str
    first: str
    layer: str
    cause: str
    mode: Literal["eval", "train"] = "eval"

    @property
    def pair(self) -> Pair:
        """L2SKNet with this mutant for a port."""
        return port_of(self.name)


def port_of(name: str) -> Pair:
    """L2SKNet with another port."""
    return replace(PAIR, port=f"tests.mutants.ports.{name}")


MUTANTS = (
    Mutant("bn_eps", "L2SKNet_UNet", "layer:Conv2.conv.1#0:out", "Conv2.conv.1", "eps=0.001"),
    Mutant("leaky_relu", "L2SKNet_UNet", "layer:Conv3.conv.2#0:out", "Conv3.conv.2", "slope 0.01"),
    Mutant("transposed_kernel", "L2SKNet_UNet", "layer:Up3.up.1#0:out", "Up3.up.1", "kernel transposed"),
    Mutant(
        "align_corners",
        "L2SKNet_FPN",
        "layer:(model)/interpolate.1#0:out",
        "(model)/interpolate.1",
        "align_corners=True",
    ),
    Mutant("skip_scaled", "L2SKNet_UNet", "layer:(model)/cat.1#0:in.0", "(model)/cat.1", "times 1.001"),
    Mutant("head_bias", "L2SKNet_UNet", "layer:Conv#0:out", "Conv", "plus 0.001"),
    Mutant(
        "skip_detached",
        "L2SKNet_UNet",
        "layer:contrConV_1.2#0:grad",
        "(model)/cat.1",
        "without the part of (model)/cat.1: that branch is detached",
        mode="train",
    ),
)

for _name in (*SOUND, *(mutant.name for mutant in MUTANTS)):
    globals()[_name.upper()] = port_of(_name)
