"""An input that a line describes, such as `image=1x3x224x224` or `ids=2x16:0..999`, drawn by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import seeded
from harness.errors import BadInput
from harness.pairs.base import Arrays, InputRequest

MOST_ELEMENTS = 1 << 28
"""Of one input: a gibibyte of float32."""
INPUT_FORM = "NAME=SHAPE or NAME=SHAPE:LAW, such as image=1x3x224x224, mask=2x16:bool or ids=2x16:0..999"
_INPUT = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<shape>\d+(?:x\d+)*)(?::(?P<law>[\w.-]+))?", re.ASCII)
_FROM_TO = re.compile(r"(-?\d{1,15})\.\.(-?\d{1,15})")
_FLOATS = ("normal", "uniform", "binary")
_PICTURE = 4


@dataclass(frozen=True)
class DrawnInput:
    """An input: its shape, and the law that its values are drawn by."""

    name: str
    shape: tuple[int, ...]
    law: str = _FLOATS[0]

    @classmethod
    def read(cls, text: str) -> DrawnInput:
        """The input that a text describes."""
        found = _INPUT.fullmatch(text)
        if found is None:
            raise BadInput(f"the input {text[:80]!r} is not understood; it should be {INPUT_FORM}")
        shape = tuple(int(number) for number in found["shape"].split("x"))
        law = found["law"] or _FLOATS[0]
        if not 0 < _product(shape) <= MOST_ELEMENTS:
            raise BadInput(
                f"the input {found['name']} has {_product(shape)} elements; 1 to {MOST_ELEMENTS} are allowed"
            )
        if law not in (*_FLOATS, "bool") and _bounds(law) is None:
            laws = f"{', '.join(_FLOATS)}, bool, or whole numbers FROM..TO such as 0..999"
            raise BadInput(f"the input {found['name']} has the law {law[:40]!r}; it should be {laws}")
        return cls(found["name"], shape, law)

    def sized(self, request: InputRequest) -> DrawnInput:
        """The same with the batch, and for pictures the height and width, that are asked for."""
        shape = self.shape
        if request.batch is not None:
            shape = (request.batch, *shape[1:])
        if request.size is not None and len(shape) == _PICTURE:
            shape = (*shape[:-2], *request.size)
        return replace(self, shape=shape)

    def draw(self, seed: int, tag: str) -> NDArray[Any]:
        """Its values; they depend on the seed and on its own name alone."""
        name = f"{tag}/{self.name}"
        bounds = _bounds(self.law)
        if bounds is not None:
            low, high = bounds
            return seeded.generator(seed, f"input/{name}").integers(low, high + 1, self.shape, np.int64)
        if self.law == "bool":
            return seeded.tensor(seed, name, self.shape) < 0.5
        return seeded.tensor(seed, name, self.shape, self.law)


def draw_all(inputs: Sequence[DrawnInput], request: InputRequest) -> Arrays:
    """The values of all inputs, by their names."""
    if request.size is not None and all(len(drawn.shape) != _PICTURE for drawn in inputs):
        raise BadInput("--input-size is for pictures, and no input has four dimensions")
    return {drawn.name: drawn.sized(request).draw(request.seed, request.tag) for drawn in inputs}


def _bounds(law: str) -> tuple[int, int] | None:
    found = _FROM_TO.fullmatch(law)
    if found is None or int(found[1]) > int(found[2]):
        return None
    return int(found[1]), int(found[2])


def _product(shape: Sequence[int]) -> int:
    size = 1
    for number in shape:
        size *= number
    return size
