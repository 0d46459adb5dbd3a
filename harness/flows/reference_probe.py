"""Asks the reference's worker about single calls of one case, while it is alive."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.alignment import Alignment
from harness.answers import CallDescription
from harness.diagnose import Trial
from harness.errors import WorkerLost
from harness.flows import inputs_and_weights
from harness.layer_note import LayerNote, read_layer_notes
from harness.pairs.base import Mode
from harness.requests import AMPLE, CallChange, CaptureCall, Edit, Load, TryChanges
from harness.session import Worker
from harness.trace import Trace

Array = Any


def layer_note(trace: Trace, path: str) -> LayerNote:
    """What a trace says of a layer: its type and attributes."""
    return read_layer_notes(trace.notes.get("layers")).get(path, LayerNote())


@dataclasses.dataclass
class FoundSlips:
    """What was found in the code of modules so far, by the functions that it is, and the time that it took.

    `vain` are functions and places where nothing was found.
    """

    found: dict[str, list[tuple[str, list[Edit]]]] = dataclasses.field(default_factory=dict)
    vain: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    seconds: float = 0.0


@dataclasses.dataclass
class TimeLimit:
    """When what is asked now ends, by the monotonic clock."""

    until: float = math.inf

    def left(self) -> float:
        """The seconds that are left."""
        return max(0.0, min(AMPLE, self.until - time.monotonic()))


@dataclasses.dataclass(frozen=True)
class ReferenceProbe:
    """The reference's worker, to be asked about single calls, and the traces of one case.

    `port` is the port's trace of its own run, `isolated` that of its isolated layers, in which what is the
    same is left out; `state` is the file both sides were loaded from, `held` what is in it.
    """

    worker: Worker
    inputs: Path
    state: Path
    mode: Mode
    scratch: Path
    reference: Trace
    port: Trace
    isolated: Trace
    held: Trace
    slips: FoundSlips = dataclasses.field(default_factory=FoundSlips)
    limit: TimeLimit = dataclasses.field(default_factory=TimeLimit)
    _captured: dict[tuple[str, int], dict[str, Array]] = dataclasses.field(default_factory=dict)

    def capture_call(self, path: str, call: int) -> dict[str, Array]:
        """Capture one call in the reference's worker; its inputs and parameters."""
        if (path, call) in self._captured:
            return self._captured[path, call]
        self.describe_call(path, call)
        return self._captured[path, call]

    def describe_call(self, path: str, call: int) -> CallDescription:
        """Capture one call; how to make it by hand."""
        given = self.scratch / "captured.h5"
        self._captured.clear()
        self.worker.call(Load(str(self.state)))
        description = self.worker.call(CaptureCall(str(self.inputs), self.mode, path, call, str(given)))
        with Trace.open(given) as captured:
            self._captured[path, call] = {name: np.array(captured.array(name)) for name in captured.records}
        return description

    def call_with(self, path: str, call: int, given: Mapping[str, Array]) -> dict[str, Array]:
        """What a call of the reference returns, given others in some of its places; nothing if it fails.

        Places are those in addresses: of an operation they count its tensors. It is not tried once the time
        is up.
        """
        if not self.limit.left():
            return {}
        try:
            captured = self.capture_call(path, call)
            names = [name.partition(":")[2] for name in captured if name.startswith("input:")]
            if "/" in path:
                given = {names[int(key)]: array for key, array in given.items() if int(key) < len(names)}
            file = inputs_and_weights.write(self.scratch / "given.h5", "input", dict(given))
            (answer,) = self.worker.call(TryChanges([CallChange(given=str(file))], str(self.scratch)))
        except WorkerLost:
            return {}  # what was found before stays
        if answer.error:
            return {}
        with Trace.open(answer.trace) as made:
            return {name.partition(":")[2]: np.array(made.array(name)) for name in made.records}

    def call_changes(self, trials: Sequence[Trial]) -> list[CallChange]:
        """Trials as the worker takes them: arrays go by file."""
        return [self._call_change(number, trial) for number, trial in enumerate(trials)]

    def _call_change(self, number: int, trial: Trial) -> CallChange:
        state = ""
        if trial.state:
            path = self.scratch / f"state-{number}.h5"
            state = str(inputs_and_weights.write(path, "state", dict(trial.state)))
        return CallChange(
            dict(trial.changes), trial.training, state, list(trial.without), trial.kind, trial.twice
        )

    def layer_note(self, path: str) -> LayerNote:
        """What the reference's trace says of a layer: its type and attributes."""
        return layer_note(self.reference, path)

    def differing(self, alignment: Alignment, path: str) -> dict[str, tuple[Any, Any]]:
        """The attributes of a layer that are not the same on both sides."""
        return {item.name: (item.reference, item.port) for item in alignment.attributes if item.layer == path}
