"""What a change of the reference's loss must give to be a cause: the port's losses, and their gradient."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from harness import address as addresses
from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.answers import LossOperation, LossTried
from harness.diagnose import loss_checks
from harness.flows.loss_trials import LossTrials, Trial, WantedLosses
from harness.flows.reference_probe import ReferenceProbe
from harness.requests import Edit
from harness.trace import Trace

_OF_A_GRADIENT = 1e-3
_LEAST = 8e-6  # of a loss: the rounding of a sum over many elements
_SHARE = 0.1  # of a difference: what is farther off does not explain it
_NOISE_OF_LOSS, _NOISE_OF_GRADIENT = 5e-7, 1e-5
_NEAR, _ROUNDING = 1e-4, 2.5e-7
_MOST_GRADIENTS = 3
_HARDLY = 0.02  # by which share of a loss what changes gradients alone may change it


def wanted_losses(probe: ReferenceProbe, alignment: Alignment) -> WantedLosses:
    """The losses of both sides, and how near a change must come to those of the port.

    A small difference leaves less room: what is off by a good part of it does not explain it.
    """
    port, reference, room = {}, {}, {}
    for row in alignment.rows:
        kind, _, name = row.address.partition(":")
        if kind == "loss" and row.found == "both":
            reference[name] = _number(probe.reference, row.address)
            alone = row.address in probe.isolated.records
            port[name] = _number(probe.isolated, row.address) if alone else reference[name]
            size = max(abs(port[name]), abs(reference[name]))
            room[name] = _LEAST * size
            if _is_wrong(row):
                explained = _SHARE * abs(port[name] - reference[name])
                room[name] = max(_NOISE_OF_LOSS * size, min(room[name], explained))
    return WantedLosses(port, reference, room)


def _number(trace: Trace, address: str) -> float:
    return float(np.array(trace.array(address)).reshape(()))


def _is_wrong(row: Row) -> bool:
    return row.isolated is not None and row.isolated.verdict.status == "diverged"


@dataclasses.dataclass(frozen=True)
class Gradient:
    """The gradient that the port's loss gives back at one address, and the room that it leaves."""

    address: str
    port: Any
    room: float


def gradients_of_loss(probe: ReferenceProbe, alignment: Alignment) -> list[Gradient]:
    """Those of results of the model: the last one that comes back wrong, or the last; then some others.

    The others are of results that nothing in the model takes, so that they come of the loss alone.
    """
    alone = [
        row
        for row in alignment.rows
        if addresses.is_layer_gradient(row.address) and row.isolated is not None and row.found == "both"
    ]
    first = max([row for row in alone if _is_wrong(row)] or alone, key=lambda row: row.order, default=None)
    if first is None or _array(probe.reference, first.address) is None:
        return []
    ends = _ends(probe.reference)
    others = [row for row in alone if row is not first and row.address in ends]
    others.sort(key=lambda row: not _is_wrong(row))
    found = [_gradient(probe, row) for row in (first, *others[: _MOST_GRADIENTS - 1])]
    return [one for one in found if one is not None]


def _gradient(probe: ReferenceProbe, row: Row) -> Gradient | None:
    reference = _array(probe.reference, row.address)
    if reference is None:
        return None
    port = _array(probe.isolated, row.address)
    port = reference if port is None else port
    size = float(np.linalg.norm(port))
    room = _OF_A_GRADIENT * size
    apart = float(np.linalg.norm(port - reference)) if port.shape == reference.shape else 0.0
    if not _is_wrong(row):
        room = max(room, 2 * apart)
    elif apart:
        room = max(_NOISE_OF_GRADIENT * size, min(room, _SHARE * apart))
    return Gradient(row.address, port, room)


def _ends(reference: Trace) -> set[str]:
    """The gradients of results of the model that no layer in it takes."""
    layers = {
        address: record for address, record in reference.records.items() if address.startswith("layer:")
    }
    parts = {address: addresses.parse_layer(address) for address in layers}
    results = {
        layers[address].alias or address
        for address, part in parts.items()
        if part.path == addresses.ROOT and part.role == "out"
    }
    taken = {layers[address].alias for address, part in parts.items() if part.role == "in"}
    return {addresses.with_role(address, "grad") for address in results - taken}


def _array(trace: Trace, address: str) -> Any:
    array = trace.array(address) if address in trace.records else None
    return None if array is None else np.array(array, np.float64)


def confirmed(trials: LossTrials, gradients: Sequence[Gradient], met: Sequence[Trial]) -> list[Trial]:
    """Those edits that give the port's gradients as well: one number alone fits by chance now and then.

    The first gradient must come; where no edit gives one at another address, that says nothing.
    """
    for number, gradient in enumerate(gradients):
        found = _apart(trials, gradient, met) if met else []
        if not number or any(apart is not None for _, apart in found):
            met = [edit for edit, apart in found if apart is not None and apart <= gradient.room]
    return list(met)


def _apart(trials: LossTrials, gradient: Gradient, met: Sequence[Trial]) -> list[tuple[Trial, float | None]]:
    """Each edit and how far its gradient is from the port's; None where it gives none."""
    trials.listed(gradient.address.replace(":grad", ":out"))
    with trials.more_time():
        results = trials.tried(met, str(trials.probe.scratch))  # each batch writes over the last one's files
        return [
            (edit, distance(tried.gradient, gradient.port) if tried.gradient else None)
            for edit, tried in results
        ]


def slight_changes(trials: LossTrials, reference: Trace, edits: Iterable[Trial]) -> Iterator[Trial]:
    """Those edits that leave all losses about as they are, and move one: they may change a gradient alone."""
    for trial, result in trials.tried(edits):
        if is_slight(reference, result):
            yield trial


def is_slight(reference: Trace, tried: LossTried) -> bool:
    """Whether the losses are about the reference's, and not all the very same."""
    known = {name: _number(reference, f"loss:{name}") for name in tried.losses}
    near = all(abs(its - known[name]) <= _HARDLY * abs(known[name]) for name, its in tried.losses.items())
    return near and tried.losses != known


def distance(path: str, port: Any) -> float:
    """How far the gradient in a file is from the port's."""
    with Trace.open(path) as tried:
        found = np.array(tried.array("grad:wanted"), np.float64)
    return float(np.linalg.norm(found - port)) if found.shape == port.shape else float("inf")


def without_choices(trials: LossTrials, reference: Mapping[str, float], met: Sequence[Trial]) -> list[Trial]:
    """Those edits that are no arbitrary functions of what the loss only chooses by.

    Where a tensor only says which elements are taken, few results are possible, and among many functions of
    it some choose the port's elements by chance.
    """
    arbitrary = [trial for trial in met if loss_checks.is_arbitrary(trial[1])]
    probes = [("", [_moved(edit) for edit in changes]) for _, changes in arbitrary]
    with trials.more_time():
        moved = list(trials.tried(probes))
    only_chooses = [
        number
        for number, (_, result) in enumerate(moved)
        if result.losses and _are_the_same(reference, result.losses)
    ]
    dropped = [arbitrary[number] for number in only_chooses] + arbitrary[len(moved) :]  # no time to look
    return [trial for trial in met if trial not in dropped]


def only_choose(
    trials: LossTrials,
    reference: Mapping[str, float],
    met: Sequence[Trial],
    operations: Sequence[LossOperation],
) -> bool:
    """Whether all of these edits are of operations that only say which elements a loss takes."""
    kinds = {one.path: one.type for one in operations}
    paths = dict.fromkeys(edit.path for _, changes in met for edit in changes)
    if not all(path in kinds for path in paths):
        return False  # a slip in code
    rest = [path for path in paths if kinds[path] not in loss_checks.CHOOSES]
    with trials.more_time():
        moved = list(trials.tried([("", [Edit(path, "times", value=1 + _NEAR)]) for path in rest]))
    return all(result.losses and _are_the_same(reference, result.losses) for _, result in moved)


def _are_the_same(reference: Mapping[str, float], losses: Mapping[str, float]) -> bool:
    """Whether losses are the reference's within its own rounding."""
    return all(abs(its - reference[name]) <= _ROUNDING * abs(its) for name, its in losses.items())


def _moved(edit: Edit) -> Edit:
    """The tensor that an edit changes, changed by so little that no other element is chosen."""
    if edit.how == "before":
        return Edit(edit.path, "before", function="mul", value=[1 + _NEAR], place=edit.place)
    return Edit(edit.path, "times", value=1 + _NEAR)
