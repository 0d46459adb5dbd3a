"""Tries changes of the reference's loss in its worker: lists of edits, or one number that is solved for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from harness.answers import LossOperation, LossTried
from harness.diagnose import losses
from harness.diagnose._solve import plain_numbers
from harness.diagnose.losses import LossNumber
from harness.errors import BadInput
from harness.flows.reference_probe import ReferenceProbe
from harness.requests import Edit, ListLoss, Load, TryLoss

_AT_ONCE = 32
_SECONDS = 60.0  # on a busy machine; a small loss takes a few
_TINY = 0.05  # by which share a number is moved to see which losses depend on it

Trial = tuple[str, list[Edit]]


class WantedLosses(NamedTuple):
    """What the port's losses are on the reference's own outputs, what the reference's are, and the room."""

    port: dict[str, float]
    reference: dict[str, float]
    room: dict[str, float]

    def is_met(self, tried: LossTried) -> bool:
        """Whether all losses come out as the port's."""
        return tried.losses.keys() == self.port.keys() and all(
            abs(tried.losses[name] - its) <= self.room[name] for name, its in self.port.items()
        )

    def distance(self, tried: LossTried) -> float:
        """How far all losses together are from the port's, in the room that they have."""
        if tried.losses.keys() != self.port.keys():
            return float("inf")
        gaps = [(tried.losses[name] - its) / (self.room[name] or 1e-30) for name, its in self.port.items()]
        found = float(np.linalg.norm(gaps))
        return found if np.isfinite(found) else float("inf")

    def wrong(self) -> set[str]:
        """The losses that are not the reference's."""
        return self._moved(self.port)

    def moved(self, tried: LossTried) -> set[str]:
        """The losses that a change moves."""
        return self._moved(tried.losses)

    def _moved(self, losses: Mapping[str, float]) -> set[str]:
        known = {name: losses.get(name, its) for name, its in self.reference.items()}
        return {name for name, its in known.items() if abs(its - self.reference[name]) > self.room[name]}


def listed(probe: ReferenceProbe, gradient_of: str = "") -> list[LossOperation]:
    """The operations of the loss; what it takes is kept in the worker for what is tried next."""
    probe.worker.call(Load(str(probe.state)))
    try:
        return probe.worker.call(ListLoss(str(probe.inputs), probe.mode, gradient_of))
    except BadInput:
        return []


def concerned(
    probe: ReferenceProbe, wanted: WantedLosses, operations: Sequence[LossOperation]
) -> list[LossOperation]:
    """The operations that no right loss depends on: only these can be what is wrong."""
    single = [one for one in operations if one.made is not None]
    edits = [("", [Edit(one.path, "times", value=1 + _TINY)]) for one in single]
    wrong, right = wanted.wrong(), set[str]()
    for one, (_, result) in zip(single, tried(probe, edits), strict=False):  # it may run out of time
        if result.losses and not wanted.moved(result) <= wrong:
            right.add(one.path)
    return [one for one in operations if one.path not in right]


def tried(
    probe: ReferenceProbe, edits: Iterable[Trial], folder: str = ""
) -> Iterator[tuple[Trial, LossTried]]:
    """The result of each edit, for as long as there is time."""
    waiting, until = iter(edits), time.monotonic() + _SECONDS
    while time.monotonic() < until and (batch := list(islice(waiting, _AT_ONCE))):
        results = probe.worker.call(TryLoss([changes for _, changes in batch], folder))
        yield from zip(batch, results, strict=True)


def solved(
    probe: ReferenceProbe, wanted: WantedLosses, operations: Sequence[LossOperation]
) -> Iterator[tuple[Trial, LossTried]]:
    """Numbers of the loss, each at the plain numbers with which the losses come nearest to the port's."""
    until = time.monotonic() + _SECONDS
    numbers = list(losses.numbers(operations))
    moved = tried(probe, [("", number.edits(_beside(number.now))) for number in numbers])
    for number, (_, result) in list(zip(numbers, moved, strict=False)):  # it may run out of time
        if wanted.moved(result) != wanted.wrong() or time.monotonic() > until:
            continue

        def distances(values: Sequence[float], number: LossNumber = number) -> list[float]:
            results = tried(probe, [("", number.edits(value)) for value in values])
            return [wanted.distance(result) for _, result in results]

        found = plain_numbers(number.now, distances)
        yield from tried(probe, [(number.said(value), number.edits(value)) for value in found])


def _beside(now: float) -> float:
    return now * (1 + _TINY) if now else _TINY
