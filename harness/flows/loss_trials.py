"""Tries changes of the reference's loss in its worker: lists of edits, or one number that is solved for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np

from harness.answers import LossOperation, LossTensor, LossTried, ModelCode
from harness.diagnose import losses
from harness.diagnose._solve import plain_numbers
from harness.diagnose.losses import LossNumber
from harness.errors import BadInput
from harness.flows.reference_probe import ReferenceProbe
from harness.requests import Edit, ListLoss, Load, TryLoss

_AT_ONCE = 32
_SECONDS = 15.5  # a small loss takes a few
_TO_CONFIRM = 1.0  # seconds that are left for a second look at what was found, beside what listing takes
_SLIGHTLY = 1 / 32  # of the room of a loss: so little that a part of a sum moves in it counts as moved
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

    def moved(self, tried: LossTried, share: float = 1.0) -> set[str]:
        """The losses that a change moves by more than this share of their room."""
        return self._moved(tried.losses, share)

    def _moved(self, losses: Mapping[str, float], share: float = 1.0) -> set[str]:
        known = {name: losses.get(name, its) for name, its in self.reference.items()}
        return {
            name for name, its in known.items() if abs(its - self.reference[name]) > share * self.room[name]
        }


class Concerned(NamedTuple):
    """Operations that may be wrong together, and those on which all depends that is wrong."""

    together: list[LossOperation]
    alone: list[LossOperation]


class LossTrials:
    """What is tried on the reference's loss to explain one difference, for as long as there is time."""

    def __init__(self, probe: ReferenceProbe, share: float = 1.0) -> None:
        """It has this share of the usual time, and no more than is left."""
        self.probe = probe
        self.until = min(time.monotonic() + share * _SECONDS, probe.limit.until - _TO_CONFIRM)
        self.cut = False  # whether there was no time for some
        self.given: list[LossTensor] = []
        self.code: list[ModelCode] = []

    @contextlib.contextmanager
    def more_time(self) -> Iterator[None]:
        """In here, what was found is looked at again, however late it was found, until all time is up."""
        before = self.until
        self.until = min(max(before, time.monotonic() + _SECONDS / 3), self.probe.limit.until)
        try:
            yield
        finally:
            self.until = before

    def listed(self, gradient_of: str = "") -> list[LossOperation]:
        """The operations of the loss; what it takes is kept in the worker for what is tried next."""
        began = time.monotonic()
        self.probe.worker.call(Load(str(self.probe.state)))
        try:
            found = self.probe.worker.call(ListLoss(str(self.probe.inputs), self.probe.mode, gradient_of))
        except BadInput:
            return []
        if not gradient_of:
            self.given, self.code = found.given, found.code
        to_confirm = _TO_CONFIRM + 2 * (time.monotonic() - began)  # which lists it twice
        self.until = min(self.until, self.probe.limit.until - to_confirm)
        return found.operations

    def tried(
        self, edits: Iterable[Trial], folder: str = "", share: float = 1.0
    ) -> Iterator[tuple[Trial, LossTried]]:
        """The result of each edit, for as long as there is time, or for this share of the whole time."""
        waiting, until = iter(edits), min(self.until, time.monotonic() + share * _SECONDS)
        while (left := until - time.monotonic()) > 0 and (batch := list(islice(waiting, _AT_ONCE))):
            results = self.probe.worker.call(TryLoss([changes for _, changes in batch], folder, left))
            yield from zip(batch, results, strict=False)
            if len(results) < len(batch):
                left = 0.0
                break
        self.cut = self.cut or left <= 0

    def concerned(self, wanted: WantedLosses, operations: Sequence[LossOperation]) -> Concerned:
        """The operations that no right loss depends on: only these can be what is wrong."""
        single = [one for one in operations if one.made is not None]
        edits = [("", [Edit(one.path, "times", value=1 + _TINY)]) for one in single]
        wrong, right, in_part = wanted.wrong(), set[str](), set[str]()
        for one, (_, result) in zip(single, self.tried(edits), strict=False):  # it may run out of time
            moved = wanted.moved(result) if result.losses else set[str]()
            if not moved <= wrong:
                right.add(one.path)
            elif moved and not wrong <= wanted.moved(result, _SLIGHTLY):
                in_part.add(one.path)
        found = [one for one in operations if one.path not in right]
        return Concerned(found, [one for one in found if one.path not in in_part])

    def solved(
        self, wanted: WantedLosses, operations: Sequence[LossOperation]
    ) -> Iterator[tuple[Trial, LossTried]]:
        """Numbers of the loss, each at plain numbers with which the losses come nearest to the port's."""
        numbers = list(losses.numbers(operations))
        moved = self.tried([("", number.edits(_beside(number.now))) for number in numbers])
        for number, (_, result) in list(zip(numbers, moved, strict=False)):  # it may run out of time
            if wanted.moved(result) == wanted.wrong():
                found = plain_numbers(number.now, partial(self._distances, wanted, number))
                yield from self.tried([(number.said(value), number.edits(value)) for value in found])

    def _distances(self, wanted: WantedLosses, number: LossNumber, values: Sequence[float]) -> list[float]:
        found = [wanted.distance(result) for _, result in self.tried([("", number.edits(v)) for v in values])]
        return found + [float("inf")] * (len(values) - len(found))  # there was no more time


def _beside(now: float) -> float:
    return now * (1 + _TINY) if now else _TINY
