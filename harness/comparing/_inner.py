"""Inner differences: tensors inside a model that differ, though what the model computes is the same.

Two networks can do the same and hand other tensors around inside: one concatenates in a layer, the other
around it. What leaves the model decides then. With `judge` all this holds for shapes alone, and only where
everything that takes such a tensor is seen to agree. A wrong value stays wrong, also where nothing takes it,
unless an experiment has shown that the port's formula needs it (`_other_formula`).
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from harness import address as addresses
from harness.alignment_rows import Row
from harness.comparing._coverage import is_weak
from harness.comparing._places import kind_of
from harness.verdict import MetricPolicy, Policy

_DECISIVE = ("output", "loss", "metric", "grad", "grad_input")


def is_inner(row: Row) -> bool:
    """Whether a tensor stays inside the model."""
    return addresses.kind(row.address) == "layer"


def set_inner_apart(rows: Sequence[Row], policy: Policy, needed: Sequence[str] = ()) -> None:
    """Give inner differences a verdict of their own, where all that leaves the model agrees.

    A buffer that differs says nothing of them: it stands for itself. `needed` is what an experiment has
    shown that the port's formula needs as it is.
    """
    if isinstance(policy, MetricPolicy) or not outside_agrees(rows):
        return
    diverged = [row for row in rows if is_inner(row) and row.verdict.status == "diverged"]
    if policy.judge == "outputs":
        objections = [row for row in rows if is_inner(row) and row.verdict.status in _OBJECTIONS]
        _set(objections, "only what leaves the model decides (--judge outputs)")
        return
    explained = _explained(diverged, needed)
    others = [row for row in diverged if row.address not in explained]
    if not all(_is_structural(row, rows) for row in others):
        return
    takers = _takers(rows)
    if all(_is_harmless(row, takers, explained) for row in others if not _needs_no_taker(row, rows)):
        _set(others, "all that takes it, and all that leaves the model, agrees")
        _set((row for row in diverged if row.address in explained), _NEEDED)


_NEEDED = "the port's formula needs its own: with the reference's, what agrees no longer would"


def _explained(diverged: Sequence[Row], needed: Sequence[str]) -> set[str]:
    """What is needed as it is, what is the very same tensor or its gradient, and what makes or takes it."""
    found = {row.address for row in diverged} & set(needed)
    while more := {row.address for row in diverged if row.address not in found and _follows(row, found)}:
        found |= more
    return found


def _follows(row: Row, found: set[str]) -> bool:
    kind = kind_of(row.address)
    if row.obstacle is not None:
        return False
    if kind in _GRADIENTS:
        return addresses.with_role(row.address, "out") in found
    if kind.endswith("_input"):
        made = any(addresses.is_result(one) and _call_of(one) == _call(row) for one in found)
        return made or (bool(row.inputs) and found.issuperset(row.inputs))
    return len(row.inputs) == 1 and addresses.is_inside(row.inputs[0], row.address) and row.inputs[0] in found


def _needs_no_taker(row: Row, rows: Sequence[Row]) -> bool:
    """Whether a tensor is a gradient, or of an operation that makes another shape: another formula."""
    kind = kind_of(row.address)
    if kind in _GRADIENTS or kind == "operation":
        return True
    return kind == "operation_input" and any(
        other.obstacle is not None and kind_of(other.address) == "operation" and _call(other) == _call(row)
        for other in rows
    )


def _call(row: Row) -> tuple[str, int]:
    return _call_of(row.address)


def _call_of(address: str) -> tuple[str, int]:
    layer = addresses.parse_layer(address)
    return layer.path, layer.call


_GRADIENTS = ("layer_grad", "operation_grad")
_OBJECTIONS = ("diverged", "inconclusive")


def _set(rows: Iterable[Row], why: str) -> None:
    for row in rows:
        verdict = row.verdict
        row.verdict = dataclasses.replace(verdict, status="inner", reason=f"{verdict.reason}; {why}")


def outside_agrees(rows: Iterable[Row]) -> bool:
    """Whether all that leaves the model agrees, and some of it says something."""
    outside = [row for row in rows if not is_inner(row) and kind_of(row.address) != "state"]
    decisive = any(kind_of(row.address) in _DECISIVE and _says_something(row) for row in outside)
    return decisive and not any(row.verdict.status in _OBJECTIONS for row in outside)


def _says_something(row: Row) -> bool:
    """Whether a tensor agrees, and is neither zero nor drowned in noise."""
    found = row.measured
    return (
        row.verdict.status == "aligned"
        and found is not None
        and found.difference.reference_absmax > 0
        and not is_weak(row)
    )


def _is_structural(row: Row, rows: Sequence[Row]) -> bool:
    """Whether an inner tensor has another shape or element type, or is the gradient of one that has."""
    if not is_inner(row) or row.obstacle is None or row.found != "both":
        return False
    if kind_of(row.address) not in _GRADIENTS:
        return True
    result = addresses.with_role(row.address, "out")
    return any(other.address == result and other.obstacle is not None for other in rows)


def _takers(rows: Iterable[Row]) -> Mapping[str, list[Row]]:
    """What is made of each tensor, under every address that it has."""
    takers: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for given in row.inputs:
            takers[given].append(row)
        if kind_of(row.address) in ("layer", "operation"):
            layer = addresses.parse_layer(row.address)
            takers[f"{layer.path}#{layer.call}"].append(row)
    return takers


def _is_harmless(row: Row, takers: Mapping[str, list[Row]], explained: set[str]) -> bool:
    """Whether each way from a tensor onward ends in tensors that agree, and there is one."""
    seen, left, agrees = {row.address}, _next(row, takers), False
    while left:
        taker = left.pop()
        if taker.address in seen:
            continue
        seen.add(taker.address)
        unjudged = taker.measured is None and taker.verdict.status != "aligned"
        if unjudged or taker.address in explained:
            left += _next(taker, takers)
        elif taker.verdict.status in _OBJECTIONS:
            return False
        else:
            agrees |= _says_something(taker)
    return agrees


def _next(row: Row, takers: Mapping[str, list[Row]]) -> list[Row]:
    found = list(takers.get(row.address, ()))
    if not is_inner(row):
        return found
    layer = addresses.parse_layer(row.address)
    if layer.role == "in":
        return [*found, *takers.get(f"{layer.path}#{layer.call}", ())]
    if len(row.inputs) == 1 and addresses.is_inside(row.inputs[0], row.address):
        found += takers.get(row.inputs[0], ())  # a module that returns what a layer in it returned
    return found
