"""Pairs whose port has one planted mistake, and where each must be found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from harness.pairs.base import Pair
from harness.pairs.l2sknet.pair import PAIR


@dataclass(frozen=True)
class Mutant:
    """A planted mistake: its port, the variant and mode that show it, and the address it must be found at."""

    name: str
    variant: str
    first: str
    mode: Literal["eval", "train"] = "eval"
    names_attribute: str = ""

    @property
    def pair(self) -> Pair:
        """L2SKNet with this mutant for a port."""
        return replace(PAIR, port=f"tests.mutants.ports.{self.name}")


MUTANTS = (
    Mutant("bn_eps", "L2SKNet_UNet", "layer:Conv2.conv.1#0:out", names_attribute="eps"),
    Mutant("leaky_relu", "L2SKNet_UNet", "layer:Conv3.conv.2#0:out"),
    Mutant("transposed_kernel", "L2SKNet_UNet", "layer:Up3.up.1#0:out"),
    Mutant(
        "align_corners",
        "L2SKNet_FPN",
        "layer:(model)/interpolate.1#0:out",
        names_attribute="align_corners",
    ),
    Mutant("skip_scaled", "L2SKNet_UNet", "layer:(model)/cat.1#0:in.0"),
    Mutant("head_bias", "L2SKNet_UNet", "layer:Conv#0:out"),
    Mutant("skip_detached", "L2SKNet_UNet", "layer:contrConV_1.2#0:grad", mode="train"),
)

for _mutant in MUTANTS:
    globals()[_mutant.name.upper()] = _mutant.pair
