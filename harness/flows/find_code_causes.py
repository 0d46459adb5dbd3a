"""Why the code of a module gives a layer another tensor: slips in the reference's, until it is the port's."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np

from harness import address as addresses
from harness.answers import CodeTried, ModelCode
from harness.diagnose import Cause, DifferingLayer, code_edits, loss_checks
from harness.errors import BadInput
from harness.flows import inputs_and_weights
from harness.flows.reference_probe import ReferenceProbe
from harness.requests import Edit, ListCode, Load, TryCode
from harness.session import ModelFailed

_AT_ONCE = 32
_SECONDS = 10.0
_MOST_TOLD = 3
_LEAST_ELEMENTS = 16
_FEW_VALUES, _LEAST_OF_FEW = 8, 64  # of few plain values, so many must be others than the most frequent one
_CLEAR = 10.0  # how many times the rounding a difference must be
_Trial = tuple[str, list[Edit]]


def explain_code(probe: ReferenceProbe, address: str, evidence: DifferingLayer, said: str) -> Cause:
    """The slips in the reference's code that make the port's tensor at an address; `said` is what it is.

    What one module's code was found to lack is tried first in another module of the same code. All sources
    together have `_SECONDS`.
    """
    slips = probe.slips
    if slips.seconds > _SECONDS or not _is_telling(evidence):
        return Cause(False, "")
    started = time.monotonic()
    try:
        until = min(started + _SECONDS - slips.seconds, probe.limit.until)
        return _explained(probe, address, evidence, said, until)
    except ModelFailed:  # its code does not run again alone
        return Cause(False, "")
    finally:
        slips.seconds += time.monotonic() - started


def _explained(
    probe: ReferenceProbe, address: str, evidence: DifferingLayer, said: str, until: float
) -> Cause:
    slips, nothing = probe.slips, Cause(False, "")
    try:
        probe.worker.call(Load(str(probe.state)))
        listed = probe.worker.call(ListCode(str(probe.inputs), probe.mode, address))
    except BadInput:
        return nothing
    functions, place = " ".join(one.key for one in listed.code), _place(address)
    if not functions or (functions, place) in slips.vain or not _is_repeated(probe, evidence):
        return nothing
    wanted = inputs_and_weights.write(probe.scratch / "wanted.h5", "input", {"wanted": evidence.port})
    met, count = list[_Trial](), 0
    for trials in _in_turn(slips.found.get(functions, []), listed.code):
        for trial, result in _tried(probe, trials, wanted, until):
            count += 1
            if 0 <= result.distance <= evidence.floor:
                met.append(trial)
        if met:
            break
    if not met or loss_checks.scattered([changes for _, changes in met]):
        if time.monotonic() < until:
            slips.vain.add((functions, place))
        return dataclasses.replace(nothing, tried=count)
    slips.found[functions] = met
    return _cause([words for words, _ in loss_checks.definite_first(met)], said, count)


def _in_turn(known: Sequence[_Trial], code: Sequence[ModelCode]) -> Iterator[Iterator[_Trial]]:
    """The slips that were found in this code already; all others where none of them gives the tensor."""
    yield iter(known)
    found = code_edits.edits(code, (), ())
    yield chain(found.together, found.likely, found.others, found.formulas)


def _place(address: str) -> str:
    """Where in the code of a module a tensor arrives, whichever module of this code it is."""
    path, _, role, key = addresses.parse_layer(address)
    return f"{path.rpartition('/')[2].rpartition('.')[2]} {role} {key}"


def _is_telling(evidence: DifferingLayer) -> bool:
    """Whether a tensor says more than a few numbers do, and is far from the reference's."""
    port, reference = (np.asarray(one, np.float64) for one in (evidence.port, evidence.reference))
    if port.size < _LEAST_ELEMENTS or not np.isfinite(port).all():
        return False
    values, counts = np.unique(port, return_counts=True)
    least = _LEAST_ELEMENTS / 2 if len(values) > _FEW_VALUES else _LEAST_OF_FEW
    if port.size - counts.max() < least:
        return False
    return port.shape != reference.shape or bool(np.linalg.norm(port - reference) > _CLEAR * evidence.floor)


def _is_repeated(probe: ReferenceProbe, evidence: DifferingLayer) -> bool:
    """Whether the code alone makes the reference's own tensor again."""
    path = inputs_and_weights.write(probe.scratch / "wanted.h5", "input", {"wanted": evidence.reference})
    (own,) = probe.worker.call(TryCode([[]], str(path)))
    return 0 <= own.distance <= evidence.floor


def _tried(
    probe: ReferenceProbe, trials: Iterator[_Trial], wanted: Path, until: float
) -> Iterator[tuple[_Trial, CodeTried]]:
    while (left := until - time.monotonic()) > 0 and (batch := list(islice(trials, _AT_ONCE))):
        results = probe.worker.call(TryCode([changes for _, changes in batch], str(wanted), left))
        yield from zip(batch, results, strict=False)  # there may be no time for all


def _cause(met: Sequence[str], said: str, tried: int) -> Cause:
    first, *rest = met
    more = f", and {len(rest) - _MOST_TOLD} more" if len(rest) > _MOST_TOLD else ""
    rivals = f" (the same: {'; '.join(rest[:_MOST_TOLD])}{more})" if rest else ""
    words = f"{said} the reference's where {first}{rivals}."
    return Cause(True, words, first, tried=tried, also=tuple(rest))
