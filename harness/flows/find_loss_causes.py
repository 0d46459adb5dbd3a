"""Why a loss differs: operations of the reference's loss are changed until all losses are the port's."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.answers import LossTried
from harness.diagnose import Cause, losses
from harness.errors import BadInput
from harness.flows.reference_probe import ReferenceProbe
from harness.requests import Edit, ListLoss, Load, TryLoss
from harness.trace import Trace

_AT_ONCE = 32
_SECONDS = 60.0  # on a busy machine; a small loss takes a few
_MOST_TOLD = 3
_LEAST_OF_GRADIENTS = 1e-3
_LEAST = 8e-6  # of a loss: the rounding of a sum over many elements


class _Wanted(NamedTuple):
    """What the port's losses are on the reference's own outputs, what the reference's are, and the room."""

    port: dict[str, float]
    reference: dict[str, float]
    room: dict[str, float]

    def is_met(self, tried: LossTried) -> bool:
        """Whether all losses come out as the port's."""
        return tried.losses.keys() == self.port.keys() and all(
            abs(tried.losses[name] - its) <= self.room[name] for name, its in self.port.items()
        )


def explain_loss(probe: ReferenceProbe, alignment: Alignment) -> Cause:
    """The edits of the reference's loss that give all the port's losses at once, and their gradient."""
    wanted = _wanted(probe, alignment)
    operations = _listed(probe, "")
    met: list[tuple[str, list[Edit]]] = []
    tried = 0
    for trial, result in _tried(probe, losses.edits(operations), ""):
        tried += 1
        if wanted.is_met(result):
            met.append(trial)
    row = _gradient_of_loss(probe, alignment)
    if met and row is not None:
        met = _confirmed(probe, row, met)
    return _cause([words for words, _ in met], tried, "the port's losses are the reference's where")


def _gradient_of_loss(probe: ReferenceProbe, alignment: Alignment) -> Row | None:
    """The last result of the model whose gradient the port's loss gives back wrong, if one is recorded."""
    wrong = [
        row
        for row in alignment.rows
        if addresses.is_layer_gradient(row.address)
        and row.isolated is not None
        and row.isolated.verdict.status == "diverged"
        and row.address in probe.isolated.records
    ]
    return max(wrong, key=lambda row: row.order, default=None)


def _confirmed(
    probe: ReferenceProbe, row: Row, met: list[tuple[str, list[Edit]]]
) -> list[tuple[str, list[Edit]]]:
    """Those edits that give the port's gradient as well: one number alone fits by chance now and then."""
    port = np.array(probe.isolated.array(row.address), np.float64)
    room = _LEAST_OF_GRADIENTS * float(np.linalg.norm(port))
    _listed(probe, row.address.replace(":grad", ":out"))
    results = _tried(probe, met, str(probe.scratch))
    return [trial for trial, result in results if result.gradient and _apart(result.gradient, port) <= room]


def explain_loss_gradient(probe: ReferenceProbe, row: Row, port: Any, floor: float) -> Cause:
    """The same for a gradient that the loss gives back: something in the loss is detached."""
    operations = _listed(probe, row.address.replace(":grad", ":out"))
    met, tried = [], 0
    for (words, _), result in _tried(probe, losses.detachments(operations), str(probe.scratch)):
        tried += 1
        if result.gradient and _apart(result.gradient, port) <= floor:
            met.append(words)
    return _cause(met, tried, "the port's gradient is the reference's where, in the loss,")


def _listed(probe: ReferenceProbe, gradient_of: str) -> list[Any]:
    probe.worker.call(Load(str(probe.state)))
    try:
        return probe.worker.call(ListLoss(str(probe.inputs), probe.mode, gradient_of))
    except BadInput:
        return []


def _tried(
    probe: ReferenceProbe, edits: Iterable[tuple[str, list[Edit]]], folder: str
) -> Iterator[tuple[tuple[str, list[Edit]], LossTried]]:
    """The result of each edit, for as long as there is time."""
    waiting, until = iter(edits), time.monotonic() + _SECONDS
    while time.monotonic() < until and (batch := list(islice(waiting, _AT_ONCE))):
        results = probe.worker.call(TryLoss([changes for _, changes in batch], folder))
        yield from zip(batch, results, strict=True)


def _wanted(probe: ReferenceProbe, alignment: Alignment) -> _Wanted:
    port, reference, room = {}, {}, {}
    for row in alignment.rows:
        kind, _, name = row.address.partition(":")
        if kind == "loss" and row.found == "both":
            reference[name] = _number(probe.reference, row.address)
            alone = row.address in probe.isolated.records
            port[name] = _number(probe.isolated, row.address) if alone else reference[name]
            room[name] = _LEAST * max(abs(port[name]), abs(reference[name]))
    return _Wanted(port, reference, room)


def _number(trace: Trace, address: str) -> float:
    return float(np.array(trace.array(address)).reshape(()))


def _apart(path: str, port: Any) -> float:
    with Trace.open(path) as tried:
        found = np.array(tried.array("grad:wanted"), np.float64)
    return float(np.linalg.norm(found - port)) if found.shape == port.shape else float("inf")


def _cause(met: list[str], tried: int, lead: str) -> Cause:
    if not met:
        return Cause(False, f"none of {tried} changes of one operation gives the port's loss.", tried=tried)
    first, *rest = met
    more = f", and {len(rest) - _MOST_TOLD} more" if len(rest) > _MOST_TOLD else ""
    rivals = f" (the same: {'; '.join(rest[:_MOST_TOLD])}{more})" if rest else ""
    return Cause(True, f"{lead} {first}{rivals}.", first, tried=tried, also=tuple(rest))
