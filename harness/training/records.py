"""What a training log tells, one record a line. Sides are named `torch` and `jittor`, the reference first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Union

Side = str


@dataclass(frozen=True)
class Event:
    """Something that a recipe does at a step: the end of the warm-up, a milestone, a switch."""

    step: int
    name: str


@dataclass(frozen=True)
class Start:
    """What is trained. `groups` are the names of the parameters of each group; `notes` say what is not exact.

    `case`, `recipe`, `data` and `sides` (versions and device of each) are shown as they are.
    """

    case: dict[str, Any]
    recipe: dict[str, Any]
    data: dict[str, Any]
    sides: dict[str, Any]
    steps: int
    steps_per_epoch: int
    groups: dict[str, list[str]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SideStep:
    """One step of one side. The first loss is the one that is minimised.

    `rates`, `gradients` and `updates` are by group: the rate, the l2 norms of the gradient and of the update.
    """

    losses: dict[str, float]
    rates: dict[str, float] = field(default_factory=dict)
    gradients: dict[str, float] = field(default_factory=dict)
    updates: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def loss(self) -> float:
        """The loss that is minimised."""
        return next(iter(self.losses.values()))


@dataclass(frozen=True)
class Step:
    """One step of both sides; the first is 0.

    `distance` is the l2 distance of the two sides' parameters after the step, `moved` that of the reference's
    from where they began.
    """

    step: int
    epoch: int
    sides: dict[Side, SideStep]
    distance: float | None = None
    moved: float | None = None


@dataclass(frozen=True)
class Twin:
    """One step of a run from weights moved by their last bit, of the reference or of the port.

    `distance` is the l2 distance of its parameters from those of the reference's own run.
    """

    side: Side
    twin: int
    step: int
    loss: float
    distance: float | None = None


@dataclass(frozen=True)
class OwnStep:
    """A forced step from what the port itself remembered, where its own run left the twins' band.

    `slots` is how far the memory of its optimiser was from that of the reference's, as a share of its size.
    """

    step: int
    verdict: Literal["aligned", "diverged", "inconclusive"]
    slots: float
    sentence: str = ""


@dataclass(frozen=True)
class ForcedRow:
    """What was judged of a forced step at one address."""

    address: str
    status: str
    ratio: float | None
    reason: str


@dataclass(frozen=True)
class Forced:
    """A forced step: its verdict, how many addresses were judged, the rows worth showing, the worst first.

    `decided` of the judged stand clear of the reference's noise; older logs do not tell. `event` says why it
    was taken there, `cause` what explains it where that was looked for.
    """

    step: int
    event: str
    verdict: Literal["aligned", "diverged", "inconclusive"]
    judged: int
    rows: list[ForcedRow] = field(default_factory=list)
    sentence: str = ""
    cause: str = ""
    decided: int | None = None


@dataclass(frozen=True)
class Finding:
    """What may not be at a step whatever chaos does: not finite on one side, moved though frozen."""

    step: int
    side: Side
    address: str
    text: str


@dataclass(frozen=True)
class Epoch:
    """The metrics after an epoch, by side, and each sample's own figure. `step` counts the steps so far.

    `averaged` says that they are those of averaged weights.
    """

    epoch: int
    step: int
    split: str
    metrics: dict[Side, dict[str, float]]
    samples: dict[Side, list[float]] = field(default_factory=dict)
    averaged: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint of both sides after so many steps, as a name beside the log."""

    step: int
    name: str


@dataclass(frozen=True)
class Resume:
    """The training goes on after so many steps: what the log tells of later ones is void."""

    step: int


@dataclass(frozen=True)
class End:
    """How a training ended."""

    step: int
    status: Literal["done", "interrupted", "failed"]
    verdict: Literal["aligned", "diverged", "inconclusive", "failed"]
    sentence: str
    costs: dict[str, Any] = field(default_factory=dict)


Record = Union[Start, Step, Twin, OwnStep, Forced, Finding, Epoch, Checkpoint, Resume, End]
KINDS: dict[str, type[Record]] = {
    kind.__name__.lower(): kind
    for kind in (Start, Step, Twin, OwnStep, Forced, Finding, Epoch, Checkpoint, Resume, End)
}
