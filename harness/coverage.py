"""What was compared, and what was not and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness import address as addresses
from harness.json_codec import Partial

RESULTS = ("layer", "operation")
"""The kinds of tensors that coverage is counted in: what layers and operations returned."""


@dataclass(frozen=True)
class Gap(Partial):
    """An address that was not compared or not judged, and why."""

    address: str = ""
    why: str = ""


@dataclass(frozen=True)
class CaseDifference:
    """A part of the case that is not the same in two traces."""

    name: str
    reference: Any
    candidate: Any


@dataclass(frozen=True)
class Dropped(Partial):
    """How dropouts were treated: `shared` draws had one mask on both sides, those at `off` dropped nothing.

    `apart` says why the masks of the two sides do not belong together, if they do not.
    """

    shared: int = 0
    off: list[Gap] = field(default_factory=list)
    apart: str = ""


@dataclass
class Coverage(Partial):
    """What was compared and what was not.

    `recorded` and `compared` count tensors by kind; `inner` are inner differences, and `needed` what an
    experiment has shown that the port's formula needs as it is. `asked` is the choice of layers that the
    traces were recorded with; empty where that is not known. `fallback` are the addresses without a truth,
    `weak` those where the noise drowns the signal. `unpaired` lists by side the names that only it has.
    """

    recorded: dict[str, int] = field(default_factory=dict)
    compared: dict[str, int] = field(default_factory=dict)
    asked: str = ""
    inner: list[Gap] = field(default_factory=list)
    needed: list[str] = field(default_factory=list)
    not_compared: list[Gap] = field(default_factory=list)
    skipped: list[Gap] = field(default_factory=list)
    fallback: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    unpaired: dict[str, list[str]] = field(default_factory=dict)
    case_differences: list[CaseDifference] = field(default_factory=list)
    dropout: Dropped = field(default_factory=Dropped)

    @property
    def share(self) -> float | None:
        """The share of layers and operations recorded that were compared; None where none was recorded."""
        skipped = sum(addresses.is_result(gap.address) for gap in self.skipped)
        recorded = sum(self.recorded.get(kind, 0) for kind in RESULTS) - skipped
        compared = sum(self.compared.get(kind, 0) for kind in RESULTS)
        return compared / recorded if recorded > 0 else None

    def results(self) -> str:
        """How many of the layers and operations were compared, in words."""
        parts = (
            f"{self.compared.get(kind, 0)} of {self.recorded[kind]} {kind}s"
            for kind in RESULTS
            if self.recorded.get(kind)
        )
        return " and ".join(parts)
