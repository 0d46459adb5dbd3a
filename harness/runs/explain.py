"""From sources to causes: the reference's layer tried again, in many forms, beside what the port returned."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness import address as addresses
from harness import diagnose
from harness.alignment import Alignment, Row, Source
from harness.comparing import kind_of
from harness.diagnose import Cause, Evidence, Trial
from harness.errors import WorkerLost
from harness.runs import material
from harness.runs.shares import shares_of
from harness.trace import Trace
from harness.verdict import NoisePolicy, allowances

if TYPE_CHECKING:
    from harness.session import Worker

Array = Any
_FLOOR_ULPS = 64


@dataclasses.dataclass(frozen=True)
class Bench:
    """What an explanation works with: the reference's worker, and the traces of one case.

    `forced` is the port's trace of layers run alone, `state` the file both sides were loaded from.
    """

    worker: Worker
    inputs: Path
    state: Path
    mode: str
    scratch: Path
    reference: Trace
    forced: Trace
    _held: dict[tuple[str, int], dict[str, Array]] = dataclasses.field(default_factory=dict)

    def hold(self, path: str, call: int) -> dict[str, Array]:
        """Hold one call in the reference's worker; what it is given, and its parameters."""
        if (path, call) in self._held:
            return self._held[path, call]
        self._held.clear()
        self._held[path, call] = self._hold(path, call)
        return self._held[path, call]

    def _hold(self, path: str, call: int) -> dict[str, Array]:
        given = self.scratch / "held.h5"
        self.worker.call("load", state=str(self.state))
        self.worker.call(
            "capture_call", inputs=str(self.inputs), mode=self.mode, path=path, call=call, given=str(given)
        )
        with Trace.open(given) as held:
            return {name: np.array(held.array(name)) for name in held.records}

    def asked(self, number: int, trial: Trial) -> dict[str, Any]:
        """A trial as the worker takes it."""
        wanted: dict[str, Any] = {"changes": dict(trial.changes), "training": trial.training}
        if trial.state:
            path = self.scratch / f"state-{number}.h5"
            wanted["state"] = str(material.write(path, "state", dict(trial.state)))
        return wanted

    def told(self, path: str) -> dict[str, Any]:
        """What the reference's trace tells of a layer: its type and attributes."""
        return note(self.reference, path)

    def differing(self, alignment: Alignment, path: str) -> dict[str, tuple[Any, Any]]:
        """The attributes of a layer that are not the same on both sides."""
        return {
            item["name"]: (item["reference"], item["port"])
            for item in alignment.attributes
            if item["layer"] == path
        }


def explain(bench: Bench, alignment: Alignment, source: Source) -> Cause:
    """Why the port differs at one source."""
    row = alignment.row(source.address)
    kind = kind_of(row.address)
    if kind == "state":
        return _state(bench, alignment, row)
    evidence = _plain(bench, alignment, row, source)
    if kind in ("layer", "operation"):
        return _layer(bench, row, evidence)
    if kind in ("grad", "grad_input", "layer_grad", "operation_grad"):
        return diagnose.explain_gradient(evidence, shares_of(bench, alignment, row, source))
    if kind in ("layer_input", "operation_input"):
        return diagnose.explain_given(evidence, _given_elsewhere(bench, row))
    return diagnose.explain_forward(evidence, lambda trials: [None for _ in trials])


def _given_elsewhere(bench: Bench, row: Row) -> dict[str, Array]:
    """The other inputs that the reference gives to the same call, by name."""
    ours = addresses.parse_layer(row.address)
    found = {}
    for address in bench.reference.records:
        if not address.startswith("layer:") or address == row.address:
            continue
        its = addresses.parse_layer(address)
        if (its.path, its.call, its.role) == (ours.path, ours.call, ours.role):
            array = bench.reference.array(address)
            if array is not None:
                found[its.key] = array
    return found


def explained(source: Source, cause: Cause) -> Source:
    """A source with its cause."""
    return dataclasses.replace(source, cause=cause.sentence, entries=list(cause.entries))


def _plain(bench: Bench, alignment: Alignment, row: Row, source: Source) -> Evidence:
    """What the traces alone tell."""
    reference = bench.reference.array(row.address)
    assert reference is not None  # it was recorded whole
    port = bench.forced.array(row.address) if row.address in bench.forced.records else None
    if port is None:  # a gradient that the port has not at all
        port = np.zeros_like(reference)
    path = source.layers[0] if source.layers else ""
    ours = note(bench.reference, path)
    return Evidence(
        type=str(ours.get("type", row.type)),
        reference=np.array(reference),
        port=np.array(port).reshape(reference.shape),
        attributes=ours.get("attributes", {}),
        differing=bench.differing(alignment, path),
        operation="/" in path,
        training=bench.mode == "train",
        floor=floor(row),
    )


def note(trace: Trace, path: str) -> dict[str, Any]:
    """What a trace tells of a layer: its type and attributes."""
    layers = trace.notes.get("layers", {})
    found = layers.get(path, {}) if isinstance(layers, dict) else {}
    return found if isinstance(found, dict) else {}


def floor(row: Row) -> float:
    """How far in l2 two tensors may be apart by rounding alone, generously."""
    if row.local is None:
        return 0.0
    measured = row.local.measured
    eps = measured.eps or 1e-7
    allowed = allowances(measured, NoisePolicy())[0] if measured.truth_l2 is not None else 0.0
    return 3 * allowed + _FLOOR_ULPS * eps * measured.difference.reference_l2


def _layer(bench: Bench, row: Row, evidence: Evidence) -> Cause:
    """Hold the call in the reference's worker and try it in other forms."""
    layer = addresses.parse_layer(row.address)
    arrays = bench.hold(layer.path, layer.call)
    evidence = dataclasses.replace(
        evidence,
        inputs=tuple(array for name, array in arrays.items() if name.startswith("input:")),
        state={name.partition(":")[2]: array for name, array in arrays.items() if name.startswith("state:")},
    )
    key = layer.key or "0"
    return diagnose.explain_forward(evidence, lambda trials: _replay(bench, trials, key))


def _replay(bench: Bench, trials: Sequence[Trial], key: str) -> list[Array | None]:
    """What the reference's layer makes of each trial."""
    if not trials:
        return []
    asked = [bench.asked(number, trial) for number, trial in enumerate(trials)]
    answers = bench.worker.call("try_changes", trials=asked, folder=str(bench.scratch))
    return [_answer(answer, key) for answer in answers]


def _answer(answer: dict[str, Any], key: str) -> Array | None:
    if "error" in answer:
        return None
    with Trace.open(answer["trace"]) as tried:
        address = f"output:{key}"
        return np.array(tried.array(address)) if address in tried.records else None


def _state(bench: Bench, alignment: Alignment, row: Row) -> Cause:
    """A buffer after a step: what it was before, and how many values entered it."""
    key = row.address.partition(":")[2]
    module, _, name = key.rpartition(".")
    evidence = _plain(bench, alignment, row, Source(row.address, "state", [module], ""))
    with Trace.open(bench.state) as stored:
        before = np.array(stored.array(row.address)).reshape(evidence.reference.shape)
    momentum = evidence.attributes.get("momentum")
    count = _values_per_channel(alignment, module) if name == "running_var" else 0
    return diagnose.explain_state(evidence, before, momentum, count)


def _values_per_channel(alignment: Alignment, module: str) -> int:
    wanted = addresses.layer(module, 0, "out")
    row = next((row for row in alignment.rows if row.address == wanted), None)
    if row is None or len(row.shape) < 2:
        return 0
    return int(np.prod(row.shape)) // row.shape[1]


def all_sources(bench: Bench, alignment: Alignment, chosen: Sequence[Source]) -> list[Cause]:
    """Explain the chosen sources; the alignment is given their causes."""
    causes = []
    for source in chosen:
        try:
            cause = explain(bench, alignment, source)
        except WorkerLost as error:
            cause = Cause(False, f"the reference was lost while it was tried: {error}")
        alignment.sources[alignment.sources.index(source)] = explained(source, cause)
        causes.append(cause)
    return causes
