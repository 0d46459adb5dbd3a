"""The parts of an alignment: a row for each tensor, the places where errors are made, how each side fared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from harness import json_codec
from harness.costs import Spent
from harness.verdict import Measured, Status, Verdict

Outcome = Literal["aligned", "diverged", "inconclusive", "failed"]


@dataclass(frozen=True)
class Obstacle:
    """Why a tensor could not be measured, and the status that follows from that."""

    why: str
    status: Status = "not compared"


@dataclass(frozen=True)
class Isolated:
    """A tensor of a layer that ran alone, on the reference's own inputs or gradients."""

    measured: Measured
    verdict: Verdict


@dataclass(frozen=True)
class Source:
    """A place where an error is made, and not merely passed on.

    `address` is the tensor that shows it when layers run alone, `layers` the paths of those that may have
    made it. `cause` is what `explain` found, `entries` names what the knowledge base has on it.
    """

    address: str
    direction: Literal["forward", "backward", "state"]
    layers: list[str]
    text: str
    ratio: float | None = None
    cause: str = ""
    entries: list[str] = field(default_factory=list)


@dataclass
class Row:
    """One address: what was measured there and what the policy says of it.

    `order` counts the reference's records in execution order. `measured` is None where there is an
    `obstacle`. `found` says which side recorded it. `inputs` are the addresses that feed it, where known.
    `isolated` is the result of the layer on the reference's own inputs, if it was run on them.
    """

    address: str
    type: str
    shape: tuple[int, ...]
    dtype: str
    order: int
    measured: Measured | None
    verdict: Verdict
    note: str = ""
    inputs: list[str] = field(default_factory=list)
    found: Literal["both", "reference", "candidate"] = "both"
    obstacle: Obstacle | None = None
    isolated: Isolated | None = None

    @property
    def figures(self) -> Measured | None:
        """The numbers behind the verdict: of the whole run, or of the layer alone where that decided."""
        if self.isolated is not None and self.verdict == self.isolated.verdict:
            return self.isolated.measured
        return self.measured


@dataclass
class SideReport:
    """How the run of one side ended."""

    status: Literal["ok", "failed"] = "ok"
    error: str = ""
    signal: str = ""
    last_layer: str = ""
    stderr_tail: str = ""
    versions: dict[str, Any] = field(default_factory=dict)
    device: str = ""
    layers: int = 0
    cost: Spent = field(default_factory=Spent)

    def __post_init__(self) -> None:
        self.versions = json_codec.tidy(self.versions)

    @property
    def was_ended(self) -> bool:
        """Whether nothing was wrong with this side: it was ended because of another."""
        return self.error.startswith(_ENDED)


_ENDED = "it was ended because"


def ended_for(failed: str) -> str:
    """Why a side was ended that had done nothing wrong."""
    return f"{_ENDED} the {failed} side had failed"


@dataclass(frozen=True)
class IsolatedRun(json_codec.Partial):
    """Whether layers ran in isolation, why not, and how many of their tensors were judged.

    `decided` says that nothing diverged in the whole run, and the isolated layers made the verdict.
    """

    ran: bool | None = None
    why: str | None = None
    judged: int | None = None
    decided: bool | None = None


@dataclass(frozen=True)
class AgainstStored(json_codec.Partial):
    """The result of one side against a stored trace, where both sides were also compared with one."""

    side: str = ""
    trace: str = ""
    verdict: str = ""
    sentence: str = ""
