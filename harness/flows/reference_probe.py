"""Asks the reference's worker about single calls of one case, while it is alive."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from harness.alignment import Alignment
from harness.diagnose import Trial
from harness.flows import inputs_and_weights
from harness.session import Worker
from harness.trace import Trace

Array = Any


def layer_note(trace: Trace, path: str) -> dict[str, Any]:
    """What a trace tells of a layer: its type and attributes."""
    layers = trace.notes.get("layers", {})
    found = layers.get(path, {}) if isinstance(layers, dict) else {}
    return found if isinstance(found, dict) else {}


@dataclasses.dataclass(frozen=True)
class ReferenceProbe:
    """The reference's worker, to be asked about single calls, and the traces of one case.

    `isolated` is the port's trace of isolated layers, `state` the file both sides were loaded from.
    """

    worker: Worker
    inputs: Path
    state: Path
    mode: str
    scratch: Path
    reference: Trace
    isolated: Trace
    _captured: dict[tuple[str, int], dict[str, Array]] = dataclasses.field(default_factory=dict)

    def capture_call(self, path: str, call: int) -> dict[str, Array]:
        """Capture one call in the reference's worker; its inputs and parameters."""
        if (path, call) in self._captured:
            return self._captured[path, call]
        self.describe_call(path, call)
        return self._captured[path, call]

    def describe_call(self, path: str, call: int) -> dict[str, Any]:
        """Capture one call; how to make it by hand."""
        given = self.scratch / "captured.h5"
        self._captured.clear()
        self.worker.call("load", state=str(self.state))
        description: dict[str, Any] = self.worker.call(
            "capture_call", inputs=str(self.inputs), mode=self.mode, path=path, call=call, given=str(given)
        )
        with Trace.open(given) as captured:
            self._captured[path, call] = {name: np.array(captured.array(name)) for name in captured.records}
        return description

    def trial_arguments(self, number: int, trial: Trial) -> dict[str, Any]:
        """A trial as the worker takes it."""
        wanted: dict[str, Any] = {"changes": dict(trial.changes), "training": trial.training}
        if trial.state:
            path = self.scratch / f"state-{number}.h5"
            wanted["state"] = str(inputs_and_weights.write(path, "state", dict(trial.state)))
        return wanted

    def layer_note(self, path: str) -> dict[str, Any]:
        """What the reference's trace tells of a layer: its type and attributes."""
        return layer_note(self.reference, path)

    def differing(self, alignment: Alignment, path: str) -> dict[str, tuple[Any, Any]]:
        """The attributes of a layer that are not the same on both sides."""
        return {
            item["name"]: (item["reference"], item["port"])
            for item in alignment.attributes
            if item["layer"] == path
        }
