"""Hypotheses: a number of the layer or function is another one; it is solved for, or counted through.

A quantity is solved for by repeating the call with other values until the result comes nearest to the port's;
only a plain number that then gives the port's tensor counts. Whole numbers are counted through, alone or two
at once, as a padding goes with a dilation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Any

from harness.diagnose._evidence import Array, DifferingLayer, Trial
from harness.diagnose._solve import plain_numbers
from harness.diagnose.attributes import computed_with

Replay = Callable[[Sequence[Trial]], list[Array | None]]

_LARGEST = 1 << 19
_MOST_COUNTED = 8
_TOGETHER = ("kernel_size", "stride", "padding", "dilation", "output_padding")
_ENLARGE = ("scale_factor", "upscale_factor")
_NO_QUANTITIES = (
    "in_channels", "out_channels", "in_features", "out_features", "num_embeddings", "embedding_dim",
    "num_features", "input_size", "hidden_size", "dim", "axis", "p", "training",
)  # fmt: skip


def trials(evidence: DifferingLayer, replay: Replay) -> Iterator[Trial]:
    """Quantities that are solved for, then whole numbers."""
    if evidence.port.size > _LARGEST or evidence.port.dtype.kind != "f" or not evidence.carries(1):
        return
    for name, now in evidence.attributes.items():
        if isinstance(now, float) and name not in _NO_QUANTITIES:
            yield from _solved(evidence, replay, name, now)
    yield from _counted(evidence)


def _solved(evidence: DifferingLayer, replay: Replay, name: str, now: float) -> Iterator[Trial]:
    def distances(values: Sequence[float]) -> list[float]:
        results = replay([Trial("", {name: value}) for value in values])
        return [float("inf") if found is None else evidence.distance(found) for found in results]

    if evidence.reference.shape == evidence.port.shape:
        for value in plain_numbers(now, distances):
            if value != now:
                words = (
                    f"{computed_with(evidence, {name: value})}, a number solved for{_relation(now, value)}"
                )
                yield Trial(words, {name: value})


def _relation(now: float, value: float) -> str:
    """What a number has to do with the right one, if it is made of it."""
    made = {"the opposite": -now, "the square of it": now * now}
    if now:
        made["one divided by it"] = 1 / now
    if now > 0:
        made["the root of it"] = now**0.5
    said = next(
        (words for words, its in made.items() if its != now and math.isclose(its, value, rel_tol=1e-9)), ""
    )
    return f": {said}" if said else ""


def _counted(evidence: DifferingLayer) -> Iterator[Trial]:
    whole = {name: now for name, now in evidence.attributes.items() if _is_whole(now)}
    kept = {name: now for name, now in whole.items() if name not in _NO_QUANTITIES}
    for name, now in kept.items():
        for value in _others(now, evidence):
            if name not in _ENLARGE or _enlarges_to_the_port(evidence, now, value):
                yield _trial(evidence, {name: value})
    pairs = [name for name in kept if name in _TOGETHER]
    for one, other in combinations(pairs, 2):
        for first, second in product(_few(kept[one]), _few(kept[other])):
            if first != kept[one] and second != kept[other]:
                yield _trial(evidence, {one: first, other: second})


def _trial(evidence: DifferingLayer, changes: Mapping[str, Any]) -> Trial:
    return Trial(computed_with(evidence, changes), dict(changes))


def _enlarges_to_the_port(evidence: DifferingLayer, now: Any, value: Any) -> bool:
    """Whether a factor makes the port's width: any other makes tensors of any size, for nothing."""
    if not evidence.reference.ndim or not evidence.port.ndim:
        return False
    was, its = (one[-1] if isinstance(one, list | tuple) else one for one in (now, value))
    return bool(evidence.reference.shape[-1] * its == evidence.port.shape[-1] * was)


def _is_whole(now: Any) -> bool:
    if isinstance(now, list | tuple):
        return bool(now) and all(_is_whole(item) for item in now) and len(set(now)) == 1
    return isinstance(now, int) and not isinstance(now, bool)


def _others(now: Any, evidence: DifferingLayer) -> Iterator[Any]:
    """Small numbers, and those that divide the number of channels."""
    channels = evidence.port.shape[1] if evidence.port.ndim > 1 else 1
    numbers = [*range(_MOST_COUNTED + 1), *(n for n in range(9, channels + 1) if channels % n == 0)]
    for number in numbers:
        value = _like(now, number)
        if value != now:
            yield value


def _few(now: Any) -> Iterator[Any]:
    for number in range(5):
        yield _like(now, number)


def _like(now: Any, number: int) -> Any:
    return [number] * len(now) if isinstance(now, list | tuple) else number
