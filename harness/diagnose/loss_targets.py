"""Hypotheses about a loss: what it compares, and whether it is one of the batch or a mean over samples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.answers import ROUNDINGS, LossOperation
from harness.diagnose.loss_makers import made_of
from harness.diagnose.losses import OF_LABELS
from harness.requests import Edit

_ROUNDED = {"floor": "the number below", "ceil": "the number above", "round": "the nearest number"}
_DEEPEST = 3
_TAKEN_TO = {
    "div": "divided by {}",
    "mul": "multiplied by {}",
    "add": "taken plus {}, a term more",
    "sub": "taken less {}, which is subtracted as well",
}
_MOST_BESIDE = 8
_Edits = tuple[str, list[Edit]]


def edits(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """Targets in another place or order, inputs within bounds or rounded, a loss of each sample."""
    for one in operations:
        yield from _targets(one)
        yield from _bounded(one)
        yield from _rounded(one)
        if one.made is not None and math.prod(one.made.shape) == 1:
            words = f"the result of {one.path} is computed for each sample, and the mean of these is taken"
            yield words, [Edit(one.path, "by sample")]


def _targets(one: LossOperation) -> Iterator[_Edits]:
    """Labels in a row: of lines whose places are shifted, or that come column by column."""
    if one.type not in OF_LABELS or len(one.given) < 2 or len(one.given[1].shape) != 1:
        return
    count = one.given[1].shape[0]
    for lines in range(1, count // 2 + 1):
        if count % lines:
            continue
        said = f"of {one.path}, a row of {lines} lines of {count // lines},"
        for step, which in ((1, "next"), (-1, "last")):
            words = (
                f"input 0 {said} is compared with the label of the {which} place (input 1 is shifted by one)"
            )
            yield words, [Edit(one.path, "shifted", value=[lines, step])]
        if lines > 1 and one.made is not None and math.prod(one.made.shape) == 1:
            words = f"{said} the mean of each line is computed, and the mean of these is taken"
            yield words, [Edit(one.path, "each line", value=lines)]
        if lines > 1:
            words = f"input 1 {said} is put in a row column by column (its axes are exchanged, transposed)"
            yield words, [Edit(one.path, "column by column", value=lines, place=1)]


def _bounded(one: LossOperation) -> Iterator[_Edits]:
    for place in range(one.tensors):
        words = f"input {place} of {one.path} is clamped between 0 and 1 before"
        yield words, [Edit(one.path, "before", function="clamp", value=[0.0, 1.0], place=place)]


def _rounded(one: LossOperation) -> Iterator[_Edits]:
    for function, what in _ROUNDED.items() if one.type in ROUNDINGS else ():
        if function != one.type:
            words = f"input 0 of {one.path} is rounded before ({function}: {what})"
            yield words, [Edit(one.path, "before", function=function)]


def combined(operations: Sequence[LossOperation], concerned: Sequence[LossOperation]) -> Iterator[_Edits]:
    """Edits that take another tensor of the loss of the same sizes to a result: a term or a factor more."""
    makers = {one.path: one for one in operations}
    for one in concerned:
        if one.made is None:
            continue
        for name in list(made_of(one.path, one.made.shape, makers, _DEEPEST))[:_MOST_BESIDE]:
            called = f"input {name.partition(':')[2]} of {name.partition(':')[0]}" if ":" in name else name
            for function, words in _TAKEN_TO.items():
                said = f"the result of {one.path} is {words.format(called)}"
                yield said, [Edit(one.path, "combined", name=name, function=function)]
