"""Who gives a gradient back: each taker of a tensor held in the reference, and its share of the gradient."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from harness import address as addresses
from harness.alignment import Alignment, Row, Source
from harness.comparing import kind_of
from harness.diagnose import Evidence, Share, Trial
from harness.errors import BadInput
from harness.runs import material
from harness.trace import Trace

if TYPE_CHECKING:
    from harness.runs.explain import Bench

Array = Any
_MOST = 6


class Taker(NamedTuple):
    """One call of a layer, and where what it gives back to the tensor in question appears."""

    path: str
    call: int
    targets: tuple[str, ...]  # the addresses of what is pulled, or the places of inputs
    is_parameter: bool


def shares_of(bench: Bench, alignment: Alignment, row: Row, source: Source) -> list[Share]:
    """The shares of all takers; none where one of them cannot be held, as the loss cannot."""
    takers = _takers(bench.reference, alignment, row, source)
    found = []
    for taker in takers[:_MOST]:
        try:
            share = _share(bench, alignment, row, taker)
        except BadInput:
            continue
        if share is not None:
            found.append(share)
    return found


def _takers(reference: Trace, alignment: Alignment, row: Row, source: Source) -> list[Taker]:
    kind = kind_of(row.address)
    if kind == "grad":
        (path,) = source.layers
        calls = [other for other in alignment.rows if _is_result(other) and _path(other) == path]
        single = len({addresses.parse_layer(other.address).call for other in calls}) == 1
        return [Taker(path, 0, (row.address,), True)] if single else []
    made = addresses.with_role(row.address, "out")
    if kind == "grad_input":
        made = f"input:{row.address.partition(':')[2]}"
    found: dict[tuple[str, int], list[str]] = {}
    for address, record in reference.records.items():
        if addresses.kind(address) != "layer" or made not in (record.alias, address):
            continue
        layer = addresses.parse_layer(address)
        if layer.role == "in" and layer.path in source.layers:
            found.setdefault((layer.path, layer.call), []).append(layer.key)
    return [Taker(path, call, tuple(keys), False) for (path, call), keys in found.items()]


def _is_result(row: Row) -> bool:
    return kind_of(row.address) in ("layer", "operation")


def _path(row: Row) -> str:
    return addresses.parse_layer(row.address).path


def _share(bench: Bench, alignment: Alignment, row: Row, taker: Taker) -> Share | None:
    """Hold one taker in the reference's worker and pull the recorded gradient through it."""
    given = _handed(bench, taker)
    if not given:
        return None
    held = bench.hold(taker.path, taker.call)
    gradients = material.write(bench.scratch / f"handed-{len(taker.path)}-{taker.call}.h5", "grad", given)
    inputs = {name.partition(":")[2]: array for name, array in held.items() if name.startswith("input:")}
    targets = taker.targets
    if not taker.is_parameter:
        names = list(inputs) if "/" in taker.path else []
        targets = tuple(names[int(key)] if names else key or "0" for key in targets)

    def pull(trials: Sequence[Trial]) -> list[Array | None]:
        bench.hold(taker.path, taker.call)
        asked = [bench.asked(number, trial) for number, trial in enumerate(trials)]
        answers = bench.worker.call(
            "backward_through_call", gradients=str(gradients), trials=asked, folder=str(bench.scratch)
        )
        return [_reached(answer, targets, taker.is_parameter, row) for answer in answers]

    (share,) = pull([Trial("as it is")])
    if share is None:
        return None
    told = bench.told(taker.path)
    evidence = Evidence(
        type=str(told.get("type", "")),
        reference=share,
        port=share,
        inputs=tuple(inputs.values()),
        attributes=told.get("attributes", {}),
        differing=bench.differing(alignment, taker.path),
        state={name.partition(":")[2]: array for name, array in held.items() if name.startswith("state:")},
        operation="/" in taker.path,
        training=bench.mode == "train",
    )
    taken = None if taker.is_parameter or len(targets) != 1 else inputs.get(targets[0])
    return Share(taker.path, evidence, share, next(iter(given.values())), taken, pull)


def _handed(bench: Bench, taker: Taker) -> dict[str, Array]:
    """The reference's gradients of what the taker returns, by the keys of its result."""
    found = {}
    prefix = addresses.layer(taker.path, taker.call, "out")
    for address in bench.reference.records:
        if address == prefix or address.startswith(f"{prefix}."):
            array = bench.reference.gradient(address)
            if array is not None:
                found[addresses.parse_layer(address).key or "0"] = np.array(array)
    return found


def _reached(answer: dict[str, Any], targets: tuple[str, ...], is_parameter: bool, row: Row) -> Array | None:
    if "error" in answer:
        return None
    with Trace.open(answer["trace"]) as pulled:
        names = [name if is_parameter else f"input:{name}" for name in targets]
        arrays = [np.array(pulled.array(name), np.float64) for name in names if name in pulled.records]
    if not arrays or any(array.size != np.prod(row.shape, dtype=int) for array in arrays):
        return None
    return functools.reduce(np.add, arrays).reshape(row.shape)
