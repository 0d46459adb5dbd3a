"""A pair that nobody declared: two classes, the inputs of their calls, the arguments of their constructors.

The words that say so are its name, such as `torch=nets:Net jittor=ports:Net input=image=1x3x32x32`. So a
request, a worker and a stored case carry it as they carry every other name.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from harness.assignment import assignment
from harness.errors import BadInput
from harness.pairs.base import Pair, Variant
from harness.pairs.drawn_input import INPUT_FORM, DrawnInput, draw_all
from harness.pairs.recipe import Recipe


@dataclass(frozen=True)
class Undeclared:
    """Two classes as MODULE:CLASS, their inputs in the order of the call, and arguments as NAME=VALUE."""

    torch: str
    jittor: str
    inputs: tuple[str, ...]
    arguments: tuple[str, ...] = field(default=())
    layer_map: str = ""

    @property
    def name(self) -> str:
        """The words that `read` understands."""
        words = [f"torch={self.torch}", f"jittor={self.jittor}"]
        words += [f"input={text}" for text in self.inputs]
        words += [f"arg={text}" for text in self.arguments]
        return shlex.join(words + [f"map={self.layer_map}"] * bool(self.layer_map))

    @classmethod
    def read(cls, name: str) -> Undeclared:
        """The words of a name."""
        given: dict[str, list[str]] = {"torch": [], "jittor": [], "input": [], "arg": [], "map": []}
        try:
            for word in shlex.split(name):
                key, _, value = word.partition("=")
                given[key].append(value)
            (torch,), (jittor,), (layer_map,) = given["torch"], given["jittor"], given["map"] or [""]
        except (KeyError, ValueError) as error:
            raise BadInput(
                f"{name[:200]!r} names no two classes; it should be torch=MODULE:CLASS jittor=MODULE:CLASS "
                f"input={INPUT_FORM}"
            ) from error
        return cls(torch, jittor, tuple(given["input"]), tuple(given["arg"]), layer_map)

    def drawn(self) -> list[DrawnInput]:
        """The inputs, in the order of the call."""
        inputs = [DrawnInput.read(text) for text in self.inputs]
        if not inputs or len({drawn.name for drawn in inputs}) < len(inputs):
            raise BadInput(f"each input is named once with --input, in the order of the call: {INPUT_FORM}")
        return inputs

    def pair(self) -> Pair:
        """What a declaration would have said."""
        inputs, options = self.drawn(), dict(map(assignment, self.arguments))
        return Pair(
            name=self.torch.rpartition(":")[2],
            title=f"{self.torch} and {self.jittor}",
            variants={"as_given": Variant("as_given", "with the arguments given", options=options)},
            reference=self.torch,
            port=self.jittor,
            draw_inputs=partial(draw_all, inputs),
            forward=tuple(drawn.name for drawn in inputs),
            recipe=Recipe(optimizer="sgd", lr=0.01),
            layer_map=Path(self.layer_map) if self.layer_map else None,
        )


def is_undeclared(name: str) -> bool:
    """Whether a name is that of two classes."""
    return name.startswith("torch=")
