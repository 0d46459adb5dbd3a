"""Pairs of the zoo with a planted mistake in the port, and where each must be found.

`tests.mutants.zoo.pairs:TRANSFORMER` is the pair transformer, with one variant for each mistake.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace

from harness.pairs.base import Pair, Variant
from tests.mutants import zoo as zoo


@dataclass(frozen=True)
class Fault:
    """A mistake: the pair, what is wrong, and the paths of which one must be named as a source."""

    pair: str
    name: str
    found: tuple[str, ...]

    @property
    def variant(self) -> str:
        """The variant's name, which tells the port what to do."""
        return f"{self.pair}, {self.name}"

    @property
    def model(self) -> str:
        """The pair as a user names it."""
        return f"{__name__}:{self.pair.upper()}"


FAULTS = (
    Fault("transformer", "two heads", ("layers.1.self_attn",)),
    Fault("transformer", "relu for gelu", ("layers.0", "layers.0.dropout", "layers.0.linear2")),
    Fault("recurrent", "batch first", ("lstm",)),
    Fault("recurrent", "one direction", ("gru",)),
    Fault("recurrent", "frozen embedding", ("embed",)),
    Fault("generator", "kernel turned", ("up2",)),
    Fault("generator", "momentum", ("norm1",)),
    Fault("diffusion", "other groups", ("middle.norm2",)),
    Fault("diffusion", "cosine first", ("(model)/cat.0",)),
    Fault("swin", "shift back", ("blocks.1", "blocks.1/add.1", "blocks.1/roll.1")),
    Fault("swin", "no mask", ("blocks.1", "blocks.1/softmax.0")),
    Fault("points", "last one wins", ("(model)", "(model)/scatter_add.0", "(model)/scatter.0")),
    Fault("points", "difference reversed", ("second/sub.0",)),
    Fault("detector", "corners aligned", ("attention.1/grid_sample.0",)),
    Fault("detector", "softmax over heads", ("attention.0/softmax.0", "attention.0")),
    Fault("mixed", "first row kept", ("inner", "(model)", "(model)/mul.0")),
    Fault("mixed", "wrong choice", ("(model)", "(model)/argmax.0")),
    Fault("dropping", "relu for gelu", ("(model)/gelu.1", "drop")),
    Fault("dropping", "eps", ("norm",)),
    Fault("tied_lm", "head untied", ("head", "embed")),
    Fault("tied_lm", "sum for mean", ("mix.1.norm", "mix.1/div.0")),
)


def _faulty(name: str) -> Pair:
    sound: Pair = importlib.import_module(f"{name}_pair").PAIR
    own = [fault for fault in FAULTS if fault.pair == name]
    variants = {fault.variant: Variant(fault.variant, fault.name) for fault in own}
    return replace(sound, variants=variants, port="tests.mutants.zoo.port")


globals().update({fault.pair.upper(): _faulty(fault.pair) for fault in FAULTS})
