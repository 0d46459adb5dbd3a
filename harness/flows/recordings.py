"""What both sides of a comparison recorded: traces, weights, lost sides, the truth."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from harness.alignment_rows import SideReport, ended_for
from harness.case import PORT, REFERENCE
from harness.costs import Spent
from harness.errors import WorkerLost
from harness.flows.shared_dropout import DropoutAgreement
from harness.flows.side_run import Recorded


@dataclass(frozen=True)
class Weights:
    """The file that both sides load, and its fingerprint."""

    path: Path
    digest: str


@dataclass
class Recordings:
    """The recordings of both sides, the sides that were lost, and the truth."""

    sides: dict[str, Recorded] = field(default_factory=dict)
    lost: dict[str, SideReport] = field(default_factory=dict)
    partly: dict[str, Path] = field(default_factory=dict)  # by lost side, what was recorded until then
    reference_done: threading.Event = field(default_factory=threading.Event)
    dropout: DropoutAgreement = field(default_factory=DropoutAgreement)
    truth: Path | None = None
    truth_cost: Spent | None = None
    _weights: Future[Weights] = field(default_factory=Future)

    @property
    def weights(self) -> Weights:
        """The weights of the case; waits until the first side has sent its state table."""
        return self._weights.result()

    def provide_weights(self, weights: Weights) -> None:
        """Let the side that waits for them go on."""
        self._weights.set_result(weights)

    def refuse_weights(self, side: str) -> None:
        """Tell the side that waits for its weights that they will not come."""
        if not self._weights.done():
            self._weights.set_exception(WorkerLost(ended_for(side)))

    @property
    def port(self) -> Path | None:
        """The trace of the port: whole, or up to where it raised; None where it left none."""
        whole = self.sides.get(PORT)
        return self.partly.get(PORT) if whole is None else whole.trace

    @property
    def isolated(self) -> Path:
        """Where the trace of the port's isolated layers goes: beside the reference's."""
        return self.sides[REFERENCE].trace.with_name("isolated.h5")
