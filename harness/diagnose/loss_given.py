"""Hypotheses about a loss: it takes another input of the case, or result of the model, than it should."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.answers import LossOperation, LossTensor
from harness.diagnose.losses import OF_LABELS
from harness.requests import Edit

_KINDS = {"inputs": "the case's input", "outputs": "the model's result"}


def edits(
    operations: Sequence[LossOperation], given: Sequence[LossTensor]
) -> Iterator[tuple[str, list[Edit]]]:
    """Edits that give an operation a tensor of as many elements from outside of the loss, with words."""
    for one in operations:
        for place, own in enumerate(one.given):
            for other in given:
                if math.prod(other.shape) == math.prod(own.shape) > 1:
                    called = "its labels" if one.type in OF_LABELS and place == 1 else f"its input {place}"
                    words = f"{one.path} is given {_named(other.name)} as {called}, not {own.name}"
                    yield words, [Edit(one.path, "taken", place=place, function=other.name)]


def _named(name: str) -> str:
    kind, _, own = name.partition(".")
    return f"{_KINDS[kind]} {own}".rstrip()
